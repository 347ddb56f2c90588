// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The lane's side of an object stream: keys become files. One per run of an element; every
// function runs on the lane, so there is no lock.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <string>

#include "gst/common/object_stream.h"
#include "gst/dirsink/listener.h"
#include "gst/dirsink/naming.h"
#include "gst/dirsink/object_file.h"

namespace rec::dirsink {

class Store {
 public:
  Store(Place place, Listener& listener) : place_(std::move(place)), listener_(listener) {}

  void claim(const std::string& key);
  void read(const std::string& key);
  void unit(const ObjectInfo& info, std::span<const std::uint8_t> bytes);
  // Ends an object whose bytes were dropped on the way; the producer and the bus know already.
  void give_up(const std::string& key);
  void probe();   // is the store usable again?
  void finish();  // end of stream: closes what is open
  void close();   // end of the run: also takes back names that were claimed and not used

 private:
  struct Object {
    ObjectFile file;
    std::string used_key;
    bool begun = false;  // else only claimed
    bool full = false;   // the producer knows
    ObjectInfo info;     // times seen so far
  };
  using Objects = std::map<std::string, Object>;

  void try_claim(const std::string& key, bool again);
  bool begin(const ObjectInfo& info);
  void stray(const ObjectInfo& info, std::uint64_t bytes);
  void keep_room(Object& object, const ObjectInfo& info);
  int write(Object& object, std::uint64_t offset, std::span<const std::uint8_t> bytes);
  void replace(const ObjectInfo& info, std::span<const std::uint8_t> bytes);
  int put_in_place(const std::string& key, std::span<const std::uint8_t> bytes,
                   std::string& used_key);
  void end(Objects::iterator it, bool whole);
  // Cuts the object back and reports it. `reason`: of a fault of the stream, not of the store.
  void fail(Objects::iterator it, int code, const std::string& reason = {});
  void refuse(const ObjectInfo& info, int code, const std::string& reason = {});
  void remember_failed(const std::string& key);
  void unavailable(const std::string& path, int code);

  const Place place_;
  Listener& listener_;
  Objects objects_;  // by the key that the producer uses
  OwnedNames owned_;
  std::set<std::string> failed_;  // the producer may still be sending these
  std::deque<std::string> pending_claims_;
  bool unavailable_ = false;
  bool has_worked_ = false;  // a file was created
  bool told_unusable_ = false;
  bool closed_ = false;
  std::uint64_t largest_unit_ = 0;  // bytes
  std::uint64_t room_wanted_ = 0;   // bytes, for another object
};

}  // namespace rec::dirsink
