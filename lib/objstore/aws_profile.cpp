// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/aws_profile.h"

#include "lib/objstore/text.h"

namespace rec::objstore {
namespace {

constexpr std::size_t kMaxFile = 1 << 20;

std::string_view unquote(std::string_view text) {
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
      text.back() == text.front())
    return text.substr(1, text.size() - 2);
  return text;
}

class IniParser {
 public:
  void line(std::string_view text) {
    if (text.ends_with('\r')) text.remove_suffix(1);
    const auto indent = text.find_first_not_of(" \t");
    text = trim(text);
    if (text.empty() || text.front() == '#' || text.front() == ';') return;
    if (text.front() == '[' && (key_.empty() || indent <= key_indent_)) return header(text);
    if (!section_) return;
    if (!key_.empty() && indent > key_indent_) return more(text);
    key_.clear();
    key_indent_ = indent;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) return;
    key_ = to_lower(trim(text.substr(0, equals)));
    (*section_)[key_] = trim(text.substr(equals + 1));
  }
  IniFile take() { return std::move(file_); }

 private:
  void header(std::string_view text) {
    section_ = nullptr;
    key_.clear();
    const auto end = text.find(']');
    if (end == std::string_view::npos) return;
    const auto name = trim(text.substr(1, end - 1));
    if (!name.empty()) section_ = &file_[std::string(name)];
  }
  // Below a key with a value the line continues it; below one without, it is a key.
  void more(std::string_view text) {
    auto& value = (*section_)[key_];
    const auto equals = text.find('=');
    if (value.empty() && equals != std::string_view::npos && equals > 0)
      (*section_)[key_ + "." + to_lower(trim(text.substr(0, equals)))] =
          trim(text.substr(equals + 1));
    else if (!value.empty())
      value += " " + std::string(text);
  }

  IniFile file_;
  IniSection* section_ = nullptr;  // of file_; null: what comes belongs nowhere
  std::string key_;                // that a line belongs to which is indented further
  std::size_t key_indent_ = 0;
};

// "profile x" and "default" by their name; "services x" and "sso-session x" as they are.
IniFile profiles_of_config(const IniFile& file) {
  IniFile out;
  for (const auto& [section, values] : file) {
    if (section.starts_with("profile ") || section.starts_with("profile\t"))
      out[std::string(unquote(trim(std::string_view(section).substr(8))))] = values;
    else if (section == "default" || section.find_first_of(" \t") != std::string::npos)
      out.try_emplace(section, values);
  }
  return out;
}

Result<IniFile> load(const Environment& environment, const char* variable, const char* fallback) {
  const auto path = expand_home(environment, environment.variable(variable).value_or(fallback));
  auto text = environment.read_file(path, kMaxFile);
  if (text) return parse_ini(text.value());
  if (text.error().kind == Error::Kind::kNotFound) return IniFile{};
  return text.error();
}

const std::string* find(const IniFile& file, const std::string& section, const std::string& key) {
  const auto found = file.find(section);
  if (found == file.end()) return nullptr;
  const auto value = found->second.find(key);
  return value == found->second.end() || value->second.empty() ? nullptr : &value->second;
}

}  // namespace

IniFile parse_ini(std::string_view text) {
  IniParser parser;
  for (const auto line : split(text, '\n')) parser.line(line);
  return parser.take();
}

bool AwsProfiles::has(const std::string& profile) const {
  return credentials.contains(profile) || config.contains(profile);
}

std::optional<std::string> AwsProfiles::value(const std::string& profile,
                                              const std::string& key) const {
  if (const auto* text = find(credentials, profile, key)) return *text;
  if (const auto* text = find(config, profile, key)) return *text;
  return std::nullopt;
}

std::optional<std::string> AwsProfiles::endpoint_url(const std::string& service) const {
  if (const auto services = value(current, "services"))
    if (const auto* url = find(config, "services " + *services, service + ".endpoint_url"))
      return *url;
  return value(current, "endpoint_url");
}

Result<AwsProfiles> load_aws_profiles(const Environment& environment) {
  AwsProfiles out;
  auto credentials = load(environment, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
  if (!credentials) return credentials.error();
  auto config = load(environment, "AWS_CONFIG_FILE", "~/.aws/config");
  if (!config) return config.error();
  out.credentials = std::move(credentials.value());
  out.config = profiles_of_config(config.value());
  auto name = environment.variable("AWS_PROFILE");
  if (!name) name = environment.variable("AWS_DEFAULT_PROFILE");
  out.chosen = name.has_value();
  out.current = name.value_or("default");
  if (out.chosen && !out.has(out.current))
    return Error{Error::Kind::kInvalidSetting,
                 "AWS_PROFILE names the profile \"" + out.current + "\", which does not exist",
                 "Correct AWS_PROFILE, or add the profile to ~/.aws/config"};
  return out;
}

}  // namespace rec::objstore
