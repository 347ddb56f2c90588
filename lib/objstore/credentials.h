// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a request is signed with.
#pragma once

#include <optional>
#include <string>

#include "lib/objstore/secret.h"
#include "lib/objstore/time_text.h"

namespace rec::objstore {

// The three always come from one source: a token that belongs to another key is refused by every
// service, with an error that names neither.
struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;  // empty: long-lived
  std::optional<Utc> expires;
  std::string source;  // for people: "the environment", "profile \"rec\""
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

}  // namespace rec::objstore
