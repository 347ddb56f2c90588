// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Numbers that are kept for hours and read once: a few bits each, in memory that grows in small
// blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace rec::isobmff {

// Signed numbers of variable length: seven bits a byte, least significant first, small ones (of
// either sign) in one byte.
class PackedList {
 public:
  class Reader {  // reads what was there when it was made, or later
   public:
    explicit Reader(const PackedList& list) : at_(list.bytes_.begin()) {}
    std::int64_t next();  // not beyond the last

   private:
    std::deque<std::uint8_t>::const_iterator at_;
  };

  void push(std::int64_t value);
  std::size_t count() const { return count_; }
  std::size_t bytes() const { return bytes_.size(); }

 private:
  std::deque<std::uint8_t> bytes_;
  std::size_t count_ = 0;
};

// Numbers that often repeat: "so many times this one".
class RunLengthList {
 public:
  void push(std::int64_t value);
  std::uint64_t count() const { return count_; }  // numbers
  std::uint64_t runs() const { return packed_.count() / 2 + (run_ > 0 ? 1 : 0); }
  bool all(std::int64_t value) const { return runs() == 0 || (runs() == 1 && last_ == value); }
  std::size_t bytes() const { return packed_.bytes(); }

  // `call(count, value)` for each run.
  template <class Call>
  void for_each_run(Call call) const {
    PackedList::Reader reader(packed_);
    std::int64_t value = 0;
    for (std::size_t i = 0; i < packed_.count(); i += 2) {
      value += reader.next();
      call(static_cast<std::uint64_t>(reader.next()), value);
    }
    if (run_ > 0) call(run_, last_);
  }
  template <class Call>
  void for_each(Call call) const {
    for_each_run([&](std::uint64_t count, std::int64_t value) {
      for (; count > 0; --count) call(value);
    });
  }

 private:
  PackedList packed_;  // difference to the value of the run before, and how often
  std::int64_t packed_value_ = 0;
  std::int64_t last_ = 0;
  std::uint64_t run_ = 0;  // of last_; not packed yet
  std::uint64_t count_ = 0;
};

}  // namespace rec::isobmff
