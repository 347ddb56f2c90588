// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/environment.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "lib/objstore/helper_process.h"
#include "lib/objstore/text.h"

namespace rec::objstore {
namespace {

Error file_error(const std::string& path, int code) {
  return {code == ENOENT || code == ENOTDIR ? Error::Kind::kNotFound : Error::Kind::kIo,
          path + " cannot be read: " + std::strerror(code), "Check the path and its permissions"};
}

class ProcessEnvironment : public Environment {
 public:
  std::optional<std::string> variable(const std::string& name) const override {
    const char* const value = std::getenv(name.c_str());
    if (!value || *value == '\0') return std::nullopt;
    return value;
  }

  Result<std::string> read_file(const std::string& path, std::size_t max_bytes) const override {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // of a FIFO: no waiting
    if (fd < 0) return file_error(path, errno);
    auto text = read_all(fd, path, max_bytes);
    close(fd);
    return text;
  }

  Result<std::string> run(const std::vector<std::string>& command,
                          std::chrono::milliseconds limit) const override {
    return run_helper(command, limit);
  }

  void sleep(std::chrono::milliseconds time) const override { std::this_thread::sleep_for(time); }

 private:
  static Result<std::string> read_all(int fd, const std::string& path, std::size_t max_bytes) {
    struct stat status {};
    if (fstat(fd, &status) != 0) return file_error(path, errno);
    if (!S_ISREG(status.st_mode)) return file_error(path, EINVAL);
    std::string text;
    std::array<char, 4096> block{};
    for (;;) {
      const auto size = read(fd, block.data(), block.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return file_error(path, errno);
      if (size == 0) return text;
      text.append(block.data(), static_cast<std::size_t>(size));
      if (text.size() > max_bytes) return file_error(path, EFBIG);
    }
  }
};

// Cuts a command into words, one character at a time.
class WordCutter {
 public:
  std::optional<std::vector<std::string>> cut(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '\\' && quote_ != '\'') {
        if (i + 1 == text.size()) return std::nullopt;
        escaped(text[++i]);
      } else if (quote_ != '\0') {
        if (c == quote_)
          quote_ = '\0';
        else
          word_ += c;
      } else {
        plain(c);
      }
    }
    if (quote_ != '\0') return std::nullopt;
    end_word();
    return words_;
  }

 private:
  void plain(char c) {
    if (c == ' ' || c == '\t' || c == '\n') return end_word();
    in_word_ = true;
    if (c == '\'' || c == '"')
      quote_ = c;
    else
      word_ += c;
  }
  void escaped(char c) {
    in_word_ = true;
    // Within double quotes a backslash protects these only.
    if (quote_ == '"' && c != '"' && c != '\\' && c != '$' && c != '`') word_ += '\\';
    word_ += c;
  }
  void end_word() {
    if (in_word_) words_.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }

  std::vector<std::string> words_;
  std::string word_;
  bool in_word_ = false;
  char quote_ = '\0';
};

}  // namespace

const Environment& process_environment() {
  static const ProcessEnvironment environment;
  return environment;
}

bool is_true(const std::optional<std::string>& variable) {
  return variable && equals_ignoring_case(*variable, "true");
}

std::string expand_home(const Environment& environment, std::string_view path) {
  if (!path.starts_with("~/")) return std::string(path);
  return environment.variable("HOME").value_or("") + std::string(path.substr(1));
}

std::optional<std::vector<std::string>> split_command(std::string_view text) {
  return WordCutter().cut(text);
}

}  // namespace rec::objstore
