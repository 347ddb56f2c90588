// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/curl_transfer.h"

#include <algorithm>
#include <cstring>

#include "lib/objstore/text.h"

namespace rec::objstore {
namespace {

using Kind = TransportError::Kind;

constexpr std::size_t kMaxHeaderBytes = 64 << 10;
// libcurl's default of 64 KiB halves the throughput; only what is larger needs the memory.
constexpr long kUploadBuffer = 1 << 20;
// Stores close idle connections after about 20 s: a request on such a one is sent twice.
constexpr long kMaxIdleSeconds = 15;
constexpr char kUserAgent[] = "gst-plugins-record";

Kind kind_of(CURLcode code, std::string_view message) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return Kind::kResolve;
    case CURLE_COULDNT_CONNECT: return Kind::kConnect;
    case CURLE_OPERATION_TIMEDOUT: return Kind::kTimeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR: return Kind::kTls;
    // A handshake that broke off may succeed the next time; a server without TLS will not.
    case CURLE_SSL_CONNECT_ERROR:
      return message.find("wrong version number") != std::string_view::npos ? Kind::kTls
                                                                            : Kind::kConnect;
    case CURLE_URL_MALFORMAT: return Kind::kBadRequest;
    default: return Kind::kBroken;
  }
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c > 0x20 && c < 0x7f && c != ':'; });
}

}  // namespace

CurlTransfer::CurlTransfer(HttpRequest request, CURLSH* share)
    : request_(std::move(request)),
      easy_(curl_easy_init()),
      moved_at_(std::chrono::steady_clock::now()) {
  check();
  if (fault_) return;
  set_target(share);
  set_method();
  set_headers();
  set_tls();
}

CurlTransfer::~CurlTransfer() = default;

// What would be cut into two requests, or two headers, is refused here, whoever it comes from.
void CurlTransfer::check() {
  const auto url = request_.url();
  const bool plain = url.find_first_of(" #\\") == std::string::npos && !has_control(url);
  const bool known = url.starts_with("http://") || url.starts_with("https://");
  bool headers = is_token(request_.method);
  for (const auto& [name, value] : request_.headers)
    headers = headers && is_token(name) && is_header_value(value);
  if (!easy_ || !plain || !known || !headers)
    fault_ =
        TransportError{Kind::kBadRequest, "The request has a character that HTTP cannot carry"};
}

void CurlTransfer::set_target(CURLSH* share) {
  CURL* const easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_SHARE, share);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, message_.data());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_URL, request_.url().c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // "a/./b" is another key than "a/b"
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  // A redirect would take the signature, and the recording, to wherever the answer says.
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, kMaxIdleSeconds);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request_.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, kUserAgent);
  if (!request_.use_proxy) curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(
      easy, CURLOPT_WRITEFUNCTION, +[](char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<CurlTransfer*>(self)->write(data, size);
      });
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(
      easy, CURLOPT_HEADERFUNCTION, +[](char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<CurlTransfer*>(self)->header({data, size});
      });
}

void CurlTransfer::set_method() {
  CURL* const easy = easy_.get();
  const auto size = static_cast<curl_off_t>(body_size(request_.body));
  if (request_.method == "PUT") {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, size);
  } else if (request_.method == "POST") {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, size);
  } else if (request_.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request_.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  if (size > kUploadBuffer) curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBuffer);
  curl_easy_setopt(easy, CURLOPT_READDATA, this);
  curl_easy_setopt(
      easy, CURLOPT_READFUNCTION, +[](char* out, std::size_t, std::size_t room, void* self) {
        return static_cast<CurlTransfer*>(self)->read(out, room);
      });
  // libcurl starts again by itself when a kept connection turns out to be dead.
  curl_easy_setopt(easy, CURLOPT_SEEKDATA, this);
  curl_easy_setopt(
      easy, CURLOPT_SEEKFUNCTION, +[](void* self, curl_off_t offset, int origin) {
        return origin == SEEK_SET ? static_cast<CurlTransfer*>(self)->seek(offset)
                                  : CURL_SEEKFUNC_CANTSEEK;
      });
}

void CurlTransfer::add_line(const std::string& line) {
  list_.reset(curl_slist_append(list_.release(), line.c_str()));
}

void CurlTransfer::set_headers() {
  for (const auto& [name, value] : request_.headers) {
    std::string line = name;
    line += value.empty() ? ";" : ": ";
    line += value;
    add_line(line);
  }
  // libcurl's own guesses are not signed, and a store keeps the type that it is told.
  if (!find_header(request_.headers, "Content-Type")) add_line("Content-Type:");
  // Left to itself, libcurl waits up to a second for every megabyte or more.
  add_line(request_.expect_continue ? "Expect: 100-continue" : "Expect:");
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, list_.get());
}

void CurlTransfer::set_tls() {
  CURL* const easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!request_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, request_.ca_file.c_str());
  if (!request_.verify_tls) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

std::size_t CurlTransfer::read(char* out, std::size_t room) {
  std::size_t done = 0;
  while (done < room && block_ < request_.body.size()) {
    const Bytes& block = *request_.body[block_];
    const auto size = std::min(room - done, block.size() - offset_);
    if (size > 0) std::memcpy(out + done, block.data() + offset_, size);
    done += size;
    offset_ += size;
    if (offset_ < block.size()) break;
    ++block_;
    offset_ = 0;
  }
  return done;
}

// libcurl only ever goes back to the start.
int CurlTransfer::seek(curl_off_t offset) {
  if (offset != 0) return CURL_SEEKFUNC_FAIL;
  block_ = 0;
  offset_ = 0;
  return CURL_SEEKFUNC_OK;
}

std::size_t CurlTransfer::write(const char* data, std::size_t size) {
  too_large_ = answer_.body.size() + size > request_.max_answer_bytes;
  if (too_large_) return 0;
  answer_.body.append(data, size);
  return size;
}

std::size_t CurlTransfer::header(std::string_view line) {
  header_bytes_ += line.size();
  too_large_ = header_bytes_ > kMaxHeaderBytes;
  if (too_large_) return 0;
  const auto size = line.size();
  if (line.starts_with("HTTP/")) {  // "100 Continue" and its like come before the answer
    answer_.headers.clear();
    return size;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  auto value = line.substr(colon + 1);
  while (value.ends_with('\n') || value.ends_with('\r')) value.remove_suffix(1);
  answer_.headers.push_back({std::string(line.substr(0, colon)), std::string(trim(value))});
  return size;
}

HttpResult CurlTransfer::result(CURLcode code) {
  if (too_large_) return TransportError{Kind::kTooLarge, "The answer is too large"};
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    answer_.status = static_cast<int>(status);
    return std::move(answer_);
  }
  std::string what = message_.front() != '\0' ? message_.data() : curl_easy_strerror(code);
  const Kind kind = kind_of(code, what);
  if (kind == Kind::kTls && code == CURLE_SSL_CONNECT_ERROR)
    what = "The server does not speak TLS there";
  return TransportError{kind, std::move(what)};
}

bool CurlTransfer::is_stalled(Monotonic now) {
  curl_off_t sent = 0;
  curl_off_t received = 0;
  curl_off_t connected = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_UPLOAD_T, &sent);
  curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_DOWNLOAD_T, &received);
  curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &connected);
  const auto moved = sent + received + static_cast<curl_off_t>(header_bytes_);
  if (connected == 0 || moved != moved_) moved_at_ = now;
  moved_ = moved;
  return now >= stalls_at();
}

HttpResult CurlTransfer::stalled() const {
  return TransportError{Kind::kStalled, "Nothing was sent or received for " +
                                            std::to_string(request_.stall_timeout.count()) + " ms"};
}

}  // namespace rec::objstore
