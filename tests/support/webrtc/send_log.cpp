// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/webrtc/send_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace rec::test {
namespace {

std::int64_t utc_now() { return g_get_real_time() * 1000; }
std::int64_t monotonic_now() { return g_get_monotonic_time() * 1000; }
std::size_t slot(Line line) { return static_cast<std::size_t>(line); }
std::string number(std::string_view name, std::int64_t value) {
  return ", \"" + std::string(name) + "\": " + std::to_string(value);
}

}  // namespace

std::string_view name_of(Line line) {
  constexpr std::string_view kNames[] = {"video", "audio", "extra"};
  return kNames[slot(line)];
}

std::string json_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      g_autofree gchar* escape = g_strdup_printf("\\u%04x", c);
      quoted += escape;
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

SendLog::SendLog(const std::string& path, bool keep)
    : keep_(keep),
      file_(path.empty() ? -1
                         : open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
  if (!path.empty() && file_ < 0) g_error("The log %s cannot be written", path.c_str());
}

SendLog::~SendLog() {
  if (file_ >= 0) close(file_);
}

void SendLog::started(GstClockTime running_time) {
  std::lock_guard guard(lock_);
  write_line("{\"event\": \"started\"" +
             number("running_time", static_cast<std::int64_t>(running_time)) +
             number("monotonic", monotonic_now()) + number("utc", utc_now()) + "}\n");
}

void SendLog::add(SentUnit unit) {
  std::lock_guard guard(lock_);
  unit.index = counts_[slot(unit.line)]++;
  unit.monotonic = monotonic_now();
  unit.utc = utc_now();
  write_line("{\"event\": \"sent\", \"line\": " + json_text(name_of(unit.line)) +
             number("index", static_cast<std::int64_t>(unit.index)) +
             number("running_time", static_cast<std::int64_t>(unit.running_time)) + ", \"key\": " +
             (unit.key ? "true" : "false") + number("size", static_cast<std::int64_t>(unit.size)) +
             ", \"md5\": " + json_text(unit.md5) + number("monotonic", unit.monotonic) +
             number("utc", unit.utc) + "}\n");
  if (keep_) units_[slot(unit.line)].push_back(std::move(unit));
}

void SendLog::spoilt(Line line) {
  std::lock_guard guard(lock_);
  if (!counts_[slot(line)]) return;
  write_line("{\"event\": \"spoilt\", \"line\": " + json_text(name_of(line)) +
             number("index", static_cast<std::int64_t>(counts_[slot(line)] - 1)) + "}\n");
  if (keep_) units_[slot(line)].back().intact = false;
}

std::vector<SentUnit> SendLog::units(Line line) const {
  std::lock_guard guard(lock_);
  return units_[slot(line)];
}

std::uint64_t SendLog::count(Line line) const {
  std::lock_guard guard(lock_);
  return counts_[slot(line)];
}

void SendLog::write_line(const std::string& json) {
  if (file_ >= 0 && write(file_, json.data(), json.size()) != static_cast<ssize_t>(json.size()))
    g_error("The log of what was sent cannot be written");
}

}  // namespace rec::test
