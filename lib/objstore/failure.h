// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What went wrong with a request, and what that means for the next attempt.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/objstore/http.h"
#include "lib/objstore/service_xml.h"

namespace rec::objstore {

enum class FailureClass {
  kTransient,       // again, later
  kThrottle,        // again, later and with less at once
  kIntegrity,       // the bytes did not arrive as they were sent: again, a few times
  kClock,           // again at once, signed for the server's time
  kAuth,            // again at once, with fresh credentials
  kRegion,          // again at once, where the bucket is
  kNotImplemented,  // again without what the store does not know (checksum headers)
  kExists,          // a condition was not met: somebody else's object is there
  kFatal,
  kCancelled
};

enum class Dialect { kS3, kOss };

struct Failure {
  FailureClass kind = FailureClass::kFatal;
  int status = 0;        // 0: there was no answer
  ServiceError service;  // its region and server_time also come from headers
  std::optional<std::chrono::milliseconds> retry_after;
  bool timed_out = false;  // costs the retry budget more
  std::string transport;   // what the transport said, if there was no answer
};

bool is_success(const HttpAnswer& answer);  // 2xx

// Of an answer that is no success, or of a 200 that carries `embedded`. `now` is the local idea of
// the server's time: an answer to a refused signature with another date is a matter of the clock.
Failure failure_of(const HttpAnswer& answer, Dialect dialect, Utc now);
Failure failure_of(const HttpAnswer& answer, const ServiceError& embedded, Dialect dialect,
                   Utc now);
Failure failure_of(const TransportError& error);

// For people: "PUT s3://b/k at host: 403 AccessDenied (request 4442587FB7D0A2F9)" and a remedy. The
// service's own message is left out, because it may repeat keys.
Error error_of(const Failure& failure, std::string_view subject, std::string_view host);

}  // namespace rec::objstore
