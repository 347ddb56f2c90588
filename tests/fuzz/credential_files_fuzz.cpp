// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fuzzes what credentials are read from. Input: one profile file, JSON answer or command line.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "lib/objstore/aws_profile.h"
#include "lib/objstore/credential_json.h"
#include "lib/objstore/http.h"
#include "tests/fuzz/check.h"

namespace {

using namespace rec::objstore;

// In single quotes everything is itself.
std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

void check_command(std::string_view text) {
  const auto words = split_command(text);
  if (!words) return;
  std::string again;
  for (const auto& word : *words) again += quoted(word) + " ";
  rec::fuzz::check(split_command(again) == words);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& [section, values] : parse_ini(text)) {
    rec::fuzz::check(!section.empty());
    for (const auto& [key, value] : values)
      rec::fuzz::check(!key.empty() && value.find('\n') == std::string::npos);
  }
  if (const auto made = parse_credential_json(text, "Token", "x")) {
    const auto& credentials = made.value();
    rec::fuzz::check(!credentials.access_key_id.empty() && !credentials.secret_access_key.empty());
    rec::fuzz::check(is_header_value(credentials.access_key_id) &&
                     is_header_value(credentials.session_token.reveal()));
  }
  check_command(text);
  return 0;
}
