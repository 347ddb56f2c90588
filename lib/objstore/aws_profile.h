// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ~/.aws/credentials and ~/.aws/config.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/objstore/environment.h"

namespace rec::objstore {

// Sections of an INI file; keys in lower case. An indented line below a key without a value is a
// key of its own: "s3 =" and then "  endpoint_url = x" is "s3.endpoint_url". Lines that are neither
// are skipped, as the SDKs do: the file belongs to other programs too.
using IniSection = std::map<std::string, std::string>;
using IniFile = std::map<std::string, IniSection>;
IniFile parse_ini(std::string_view text);

struct AwsProfiles {
  IniFile credentials;  // by profile
  IniFile config;       // by profile, without the word "profile"; "services x" keeps its word
  std::string current;  // AWS_PROFILE, or "default"
  bool chosen = false;  // somebody has named it

  bool has(const std::string& profile) const;
  // Of the credentials file, or else of the config file.
  std::optional<std::string> value(const std::string& profile, const std::string& key) const;
  // The endpoint for a service ("s3", "sts"): its section's, or else the profile's.
  std::optional<std::string> endpoint_url(const std::string& service) const;
};

// A file that does not exist is empty; one that cannot be read is an error.
Result<AwsProfiles> load_aws_profiles(const Environment& environment);

}  // namespace rec::objstore
