// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/time_text.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace rec::objstore {
namespace {

namespace chrono = std::chrono;

// Reads from the front of a text; after a fault everything is a fault.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  int number(std::size_t digits) {
    int value = 0;
    if (rest_.size() < digits) return fail();
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return fail();
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }
  void literal(std::string_view text) {
    if (!skip(text)) fail();
  }
  bool skip(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void skip_digits() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of("0123456789"), rest_.size()));
  }
  std::string_view take(std::size_t size) {
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  int fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool ok_ = true;
};

std::optional<Utc> at(int year, int month, int day, int hour, int minute, int second) {
  const chrono::year_month_day date{chrono::year(year), chrono::month(static_cast<unsigned>(month)),
                                    chrono::day(static_cast<unsigned>(day))};
  // 60: a leap second, which is the next minute's first one here.
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return chrono::sys_days(date) + chrono::hours(hour) + chrono::minutes(minute) +
         chrono::seconds(second);
}

// Minutes east of Greenwich.
chrono::minutes zone(Reader& reader) {
  if (reader.skip("Z")) return chrono::minutes(0);
  const bool west = reader.skip("-");
  if (!west && !reader.skip("+")) return chrono::minutes(0);
  const int hours = reader.number(2);
  reader.skip(":");
  const chrono::minutes offset(hours * 60 + reader.number(2));
  return west ? -offset : offset;
}

}  // namespace

std::string basic_iso8601(Utc time) {
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> out{};
  const int size = std::snprintf(
      out.data(), out.size(), "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return {out.data(), static_cast<std::size_t>(size)};
}

std::optional<Utc> parse_iso8601(std::string_view text) {
  Reader reader(text);
  const int year = reader.number(4);
  const bool extended = reader.skip("-");
  const std::string_view dash = extended ? "-" : "";
  const std::string_view colon = extended ? ":" : "";
  const int month = reader.number(2);
  reader.literal(dash);
  const int day = reader.number(2);
  if (!reader.skip("T")) reader.literal(" ");
  const int hour = reader.number(2);
  reader.literal(colon);
  const int minute = reader.number(2);
  reader.literal(colon);
  const int second = reader.number(2);
  if (reader.skip(".") || reader.skip(",")) reader.skip_digits();
  const auto offset = zone(reader);
  if (!reader.at_end()) return std::nullopt;
  const auto local = at(year, month, day, hour, minute, second);
  if (!local) return std::nullopt;
  return *local - offset;
}

std::optional<Utc> parse_http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  Reader reader(text);
  reader.take(3);  // the weekday follows from the rest
  reader.literal(", ");
  const int day = reader.number(2);
  reader.literal(" ");
  const auto* const month = std::find(kMonths.begin(), kMonths.end(), reader.take(3));
  reader.literal(" ");
  const int year = reader.number(4);
  reader.literal(" ");
  const int hour = reader.number(2);
  reader.literal(":");
  const int minute = reader.number(2);
  reader.literal(":");
  const int second = reader.number(2);
  reader.literal(" GMT");
  if (!reader.at_end() || month == kMonths.end()) return std::nullopt;
  return at(year, static_cast<int>(month - kMonths.begin()) + 1, day, hour, minute, second);
}

}  // namespace rec::objstore
