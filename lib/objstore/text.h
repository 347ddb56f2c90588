// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Text of URLs, object keys and headers: percent-encoding (RFC 3986), what may stand where.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rec::objstore {

// Everything but A-Z a-z 0-9 - . _ ~ as %XX, upper-case digits: what signatures are made of.
std::string percent_encode(std::string_view text);
// The same for a path or an object key: '/' stays.
std::string percent_encode_path(std::string_view path);
// Nothing if a '%' is not followed by two hexadecimal digits. '+' is a plus.
std::optional<std::string> percent_decode(std::string_view text);

bool is_utf8(std::string_view text);        // well-formed: no surrogates, no overlong forms
bool has_control(std::string_view text);    // below U+0020, or U+007F
bool is_host_label(std::string_view text);  // a-z 0-9 -, 1 to 63, no '-' at either end

std::string_view trim(std::string_view text);  // blanks and tabs at both ends
std::string to_lower(std::string_view text);   // ASCII
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace rec::objstore
