// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Times as HTTP, signatures and the services write them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace rec::objstore {

using Utc = std::chrono::sys_seconds;

std::string basic_iso8601(Utc time);  // 20130524T000000Z

// "2026-11-20T05:29:21Z", "2026-11-20T05:29:21.123+08:00", "20130524T000000Z". Fractions are
// dropped; what has no zone is UTC.
std::optional<Utc> parse_iso8601(std::string_view text);
// "Fri, 24 May 2013 00:00:00 GMT", the form that RFC 9110 lets servers send.
std::optional<Utc> parse_http_date(std::string_view text);

}  // namespace rec::objstore
