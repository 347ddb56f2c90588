// SPDX-License-Identifier: LGPL-2.1-or-later
//
// gst-record-recover: finishes recordings whose recorder was killed. docs/recovery.md.
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "lib/recovery/disk.h"

namespace {

using rec::recovery::Outcome;
using rec::recovery::Report;

constexpr char kHelp[] =
    R"(Usage: gst-record-recover [--dry-run] [--json] PATH...

Finishes recordings of recordmux whose process was killed or whose machine went down: MP4 files that
play, but lack the index that a clean stop gives them. PATH is a file, or a directory that is
searched with all below it. Files are finished where they are: what is left of the fragment that was
being written is cut off, and the index is appended. Nothing else is touched: not a file that is
being written, not a finished one, not one of another program. It can be killed and run again.

  --dry-run  say what would be done, change nothing
  --json     one JSON object a line, instead of text
  --help     this text

A line for each recording that was recovered, or could not be; of a PATH that is a file, always.

Exit status:
  0  no unfinished recording is left
  1  a recording or directory could not be read, is damaged, or could not be finished
  2  wrong usage
  3  unfinished recordings are left: being written, or found by --dry-run
)";

struct Arguments {
  bool dry_run = false;
  bool json = false;
  std::vector<std::string> paths;
};

enum ExitStatus { kAllFinished = 0, kProblems = 1, kWrongUsage = 2, kSomeLeft = 3 };

// 1 to 4: so many bytes at the start of `text` are a character of UTF-8 (RFC 3629, 4). 0: none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto follows = [&](std::size_t i) { return byte(i) >> 6 == 2; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first < 0xf0) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) >= 0xa0;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first < 0xf5) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool beyond = first == 0xf4 && byte(1) >= 0x90;
    return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

// RFC 8259, 7. A path may be any bytes: what is no UTF-8 becomes U+FFFD.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text.front();
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (length == 1 && static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
      out += escape.data();
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out + '"';
}

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kRecovered: return "recovered";
    case Outcome::kRecoverable: return "recoverable";
    case Outcome::kNothingToDo: return "nothing-to-do";
    case Outcome::kBeingWritten: return "being-written";
    case Outcome::kDamaged: return "damaged";
    case Outcome::kFailed: break;
  }
  return "failed";
}

bool has_numbers(const Report& report) {
  return report.outcome == Outcome::kRecovered || report.outcome == Outcome::kRecoverable;
}

void print_json(const std::string& path, const Report& report) {
  std::printf("{\"path\":%s,\"result\":\"%s\"", quoted(path).c_str(), name_of(report.outcome));
  if (has_numbers(report))
    std::printf(",\"seconds\":%.3f,\"cut-bytes\":%llu", report.seconds,
                static_cast<unsigned long long>(report.cut_bytes));
  if (!report.reason.empty()) std::printf(",\"reason\":%s", quoted(report.reason).c_str());
  std::puts("}");
}

void print_text(const std::string& path, const Report& report) {
  std::string what;
  switch (report.outcome) {
    case Outcome::kRecovered:
    case Outcome::kRecoverable: {
      const bool done = report.outcome == Outcome::kRecovered;
      std::array<char, 96> numbers{};
      std::snprintf(numbers.data(), numbers.size(), "%s %.3f s, %s %llu bytes",
                    done ? "recovered" : "would recover", report.seconds, done ? "cut" : "cutting",
                    static_cast<unsigned long long>(report.cut_bytes));
      what = numbers.data();
      break;
    }
    case Outcome::kNothingToDo: what = "nothing to do"; break;
    case Outcome::kBeingWritten: what = "being written, left alone"; break;
    case Outcome::kDamaged: what = "damaged"; break;
    case Outcome::kFailed: what = "failed"; break;
  }
  if (!report.reason.empty()) what += ": " + report.reason;
  std::printf("%s: %s\n", path.c_str(), what.c_str());
}

// False: they are not understood, or ask for help.
bool parse(int argc, char** argv, Arguments& arguments) {
  bool options = true;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (!options || !argument.starts_with("-"))
      arguments.paths.emplace_back(argument);
    else if (argument == "--")
      options = false;
    else if (argument == "--dry-run")
      arguments.dry_run = true;
    else if (argument == "--json")
      arguments.json = true;
    else
      return false;
  }
  return !arguments.paths.empty();
}

ExitStatus recover_all(const Arguments& arguments) {
  bool problems = false;
  bool left = false;
  for (const std::string& named : arguments.paths) {
    rec::recovery::recover_tree(
        named, {.dry_run = arguments.dry_run}, [&](const std::string& path, const Report& report) {
          if (report.outcome == Outcome::kNothingToDo && path != named) return true;
          arguments.json ? print_json(path, report) : print_text(path, report);
          std::fflush(stdout);  // a recovery of a large tree is watched
          problems =
              problems || report.outcome == Outcome::kDamaged || report.outcome == Outcome::kFailed;
          left = left || report.outcome == Outcome::kBeingWritten ||
                 report.outcome == Outcome::kRecoverable;
          return true;
        });
  }
  return problems ? kProblems : left ? kSomeLeft : kAllFinished;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i)
    if (std::string_view(argv[i]) == "--help") return std::fputs(kHelp, stdout), 0;
  Arguments arguments;
  if (!parse(argc, argv, arguments)) return std::fputs(kHelp, stderr), kWrongUsage;
  return recover_all(arguments);
}
