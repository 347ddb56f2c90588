// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Credentials as JSON: of the container endpoint, the metadata service, a credential process.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/objstore/credentials.h"

namespace rec::objstore {

// `token_name` is "Token", or "SessionToken" of a credential process. A "Code" other than "Success"
// is an error. No error repeats anything but that code.
Result<Credentials> parse_credential_json(std::string_view text, std::string_view token_name,
                                          const std::string& source);

// The process says which form it speaks: 1.
bool has_version_1(std::string_view text);

// Three texts that a header can carry, the first two not empty; blanks around them are dropped.
Result<Credentials> make_credentials(std::string_view access_key_id, std::string_view secret,
                                     std::string_view token, const std::string& source);

}  // namespace rec::objstore
