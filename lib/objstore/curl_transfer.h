// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One request as libcurl sees it: its options, its callbacks, what its result means.
#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>

#include "lib/objstore/clock.h"
#include "lib/objstore/http.h"

namespace rec::objstore {

class CurlTransfer {  // one thread: that of the transport
 public:
  CurlTransfer(HttpRequest request, CURLSH* share);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  // Why it cannot be sent at all.
  const std::optional<TransportError>& fault() const { return fault_; }
  CURL* easy() const { return easy_.get(); }
  HttpResult result(CURLcode code);  // once

  // Nothing moved for too long. Called now and then; connecting has its own limit.
  bool is_stalled(Monotonic now);
  Monotonic stalls_at() const { return moved_at_ + request_.stall_timeout; }
  HttpResult stalled() const;

 private:
  struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  void check();
  void set_target(CURLSH* share);
  void set_method();
  void set_headers();
  void set_tls();
  void add_line(const std::string& line);
  std::size_t read(char* out, std::size_t size);
  int seek(curl_off_t offset);
  std::size_t write(const char* data, std::size_t size);
  std::size_t header(std::string_view line);

  const HttpRequest request_;
  std::unique_ptr<CURL, FreeEasy> easy_;
  std::unique_ptr<curl_slist, FreeList> list_;
  std::array<char, CURL_ERROR_SIZE> message_{};
  std::optional<TransportError> fault_;
  HttpAnswer answer_;
  std::size_t header_bytes_ = 0;
  bool too_large_ = false;
  std::size_t block_ = 0;  // of the body, and where in it
  std::size_t offset_ = 0;
  curl_off_t moved_ = 0;  // bytes in either direction, when last looked at
  Monotonic moved_at_;
};

}  // namespace rec::objstore
