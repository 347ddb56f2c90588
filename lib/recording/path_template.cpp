// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/recording/path_template.h"

#include <locale.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace rec::recording {
namespace {

constexpr std::size_t kMaxComponent = 200;  // bytes: leaves room for what else a file's name holds
constexpr char kHint[] =
    "Use {stream}, {utc:STRFTIME}, {index}, {index:04} or {id}, and {{ or }} for a brace";

Error bad(std::string what) { return {Error::Kind::kInvalidSetting, std::move(what), kHint}; }

std::string format_utc(const std::string& format, Nanos utc) {
  static const locale_t c_locale = newlocale(LC_ALL_MASK, "C", nullptr);
  const std::time_t seconds = static_cast<std::time_t>(floor_div(utc, kSecond));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 256> out{};
  const auto size = strftime_l(out.data(), out.size(), format.c_str(), &parts, c_locale);
  return {out.data(), size};
}

std::string padded(std::uint32_t value, int width) {
  std::string digits = std::to_string(value);
  const auto wanted = static_cast<std::size_t>(std::max(width, 0));
  return digits.size() < wanted ? std::string(wanted - digits.size(), '0') + digits : digits;
}

bool is_relative_file(const std::string& path) {
  const std::string framed = "/" + path + "/";
  const bool printable = std::none_of(path.begin(), path.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
  return printable && !path.empty() && framed.find("//") == std::string::npos &&
         framed.find("/./") == std::string::npos && framed.find("/../") == std::string::npos;
}

std::string hex8(std::uint32_t value) {
  std::string out;
  for (int shift = 28; shift >= 0; shift -= 4) out += "0123456789abcdef"[(value >> shift) & 15];
  return out;
}

}  // namespace

Result<PathTemplate::Part> PathTemplate::parse_placeholder(std::string_view body) {
  if (body == "stream") return Part{Part::Kind::kStream, {}, 0};
  if (body == "id") return Part{Part::Kind::kId, {}, 0};
  if (body == "index") return Part{Part::Kind::kIndex, {}, 0};
  if (body.starts_with("utc:") && body.size() > 4)
    return Part{Part::Kind::kUtc, std::string(body.substr(4)), 0};
  if (body.starts_with("index:0") && body.size() == 8 && body[7] >= '1' && body[7] <= '9')
    return Part{Part::Kind::kIndex, {}, body[7] - '0'};
  return bad("The path template has an unknown placeholder {" + std::string(body) + "}");
}

Result<PathTemplate> PathTemplate::parse(std::string_view text) {
  PathTemplate result;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) result.parts_.push_back({Part::Kind::kText, literal, 0});
    literal.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '{' && c != '}') {
      literal += c;
    } else if (i + 1 < text.size() && text[i + 1] == c) {
      literal += c;
      ++i;
    } else {
      const auto close = c == '{' ? text.find('}', i) : std::string_view::npos;
      if (close == std::string_view::npos)
        return bad("The path template \"" + std::string(text) + "\" has an unmatched brace");
      auto part = parse_placeholder(text.substr(i + 1, close - i - 1));
      if (!part) return part.error();
      flush();
      result.parts_.push_back(std::move(part.value()));
      i = close;
    }
  }
  flush();
  // A time can put slashes and dots anywhere.
  if (!is_relative_file(result.expand({.stream = "s"})))
    return bad("The path template \"" + std::string(text) + "\" is not a relative path of a file");
  return result;
}

std::string PathTemplate::expand(const Values& values) const {
  std::string out;
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Part::Kind::kText: out += part.text; break;
      case Part::Kind::kStream: out += path_component(values.stream); break;
      case Part::Kind::kUtc: out += format_utc(part.text, values.utc); break;
      case Part::Kind::kIndex: out += padded(values.index, part.width); break;
      case Part::Kind::kId: out += hex8(values.id); break;
    }
  }
  return out;
}

std::string path_component(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, kMaxComponent)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f || c == '/' || c == '\\' ? '-' : c;
  }
  // No half UTF-8 sequence at the cut.
  if (name.size() > kMaxComponent)
    while (!out.empty() && (static_cast<unsigned char>(name[out.size()]) & 0xc0) == 0x80)
      out.pop_back();
  if (out.empty() || out == "." || out == "..") return "-";
  return out;
}

std::string with_suffix(std::string_view key, std::string_view suffix) {
  const auto slash = key.rfind('/');
  const auto name = slash == std::string_view::npos ? 0 : slash + 1;
  const auto dot = key.rfind('.');
  const bool has_extension = dot != std::string_view::npos && dot > name;
  const auto at = has_extension ? dot : key.size();
  return std::string(key.substr(0, at)) + "-" + std::string(suffix) + std::string(key.substr(at));
}

}  // namespace rec::recording
