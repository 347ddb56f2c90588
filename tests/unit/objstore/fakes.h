// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A world for lib/objstore: variables, files and programs that a test writes down, and a network
// that answers what the test says.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "lib/objstore/environment.h"
#include "lib/objstore/http.h"

namespace rec::objstore {

class FakeEnvironment : public Environment {  // one thread
 public:
  std::map<std::string, std::string> variables{{"HOME", "/home/u"}};
  std::map<std::string, std::string> files;
  std::map<std::vector<std::string>, std::string> programs;
  mutable std::chrono::milliseconds slept{0};

  std::optional<std::string> variable(const std::string& name) const override {
    const auto found = variables.find(name);
    if (found == variables.end() || found->second.empty()) return std::nullopt;
    return found->second;
  }
  Result<std::string> read_file(const std::string& path, std::size_t) const override {
    const auto found = files.find(path);
    if (found != files.end()) return found->second;
    return Error{Error::Kind::kNotFound, path + " cannot be read", "Check the path"};
  }
  Result<std::string> run(const std::vector<std::string>& command,
                          std::chrono::milliseconds) const override {
    const auto found = programs.find(command);
    if (found != programs.end()) return found->second;
    return Error{Error::Kind::kDenied, "The credential process ended with code 1", "Run it"};
  }
  void sleep(std::chrono::milliseconds time) const override { slept += time; }
};

// Answers at once, in the caller's thread.
class FakeTransport : public Transport {  // one thread
 public:
  using Handler = std::function<HttpResult(const HttpRequest&)>;
  Handler handler = [](const HttpRequest&) { return HttpResult(HttpAnswer{404, {}, {}}); };
  std::vector<HttpRequest> requests;

  Id start(HttpRequest request, Done done) override {
    requests.push_back(request);
    done(handler(request));
    return requests.size();
  }
  void cancel(Id) override {}
};

inline std::string body_text(const HttpRequest& request) {
  std::string out;
  for (const auto& block : request.body) out.append(block->begin(), block->end());
  return out;
}

}  // namespace rec::objstore
