// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/time_text.h"

#include <gtest/gtest.h>

namespace rec::objstore {
namespace {

Utc at(std::int64_t seconds) { return Utc(std::chrono::seconds(seconds)); }

TEST(TimeText, BasicFormOfSignatures) {
  EXPECT_EQ(basic_iso8601(at(1369353600)), "20130524T000000Z");
  EXPECT_EQ(basic_iso8601(at(951782399)), "20000228T235959Z");
  EXPECT_EQ(basic_iso8601(at(951782400)), "20000229T000000Z");
}

TEST(TimeText, ReadsIso8601OfAllServices) {
  for (const char* text : {"2013-05-24T00:00:00Z", "2013-05-24T00:00:00.999Z", "20130524T000000Z",
                           "2013-05-24T08:00:00+08:00", "2013-05-23T17:30:00-0630",
                           "2013-05-24 00:00:00", "2013-05-24T00:00:00"})
    EXPECT_EQ(parse_iso8601(text), at(1369353600)) << text;
  EXPECT_EQ(parse_iso8601("2016-12-31T23:59:60Z"), at(1483228800));
}

TEST(TimeText, ReadsTheDateHeader) {
  EXPECT_EQ(parse_http_date("Fri, 24 May 2013 00:00:00 GMT"), at(1369353600));
  EXPECT_EQ(parse_http_date("Tue, 29 Feb 2000 23:59:59 GMT"), at(951868799));
}

TEST(TimeText, RefusesWhatIsNoTime) {
  for (const char* bad : {"", "2013", "2013-05-24", "2013-02-29T00:00:00Z", "2013-13-01T00:00:00Z",
                          "2013-00-01T00:00:00Z", "2013-05-24T24:00:00Z", "2013-05-24T00:60:00Z",
                          "2013-05-24T00:00:61Z", "2013-05-24T00:00:00Zx", "2013-0524T00:00:00Z",
                          "2013-05-24T0000:00Z", "x013-05-24T00:00:00Z", "2013-05-24T00:00:00+8"})
    EXPECT_EQ(parse_iso8601(bad), std::nullopt) << bad;
  for (const char* bad : {"", "24 May 2013 00:00:00 GMT", "Fri, 24 Mai 2013 00:00:00 GMT",
                          "Fri, 31 Feb 2013 00:00:00 GMT", "Fri, 24 May 2013 00:00:00 CET",
                          "Fri, 24 May 2013 00:00:00 GMT "})
    EXPECT_EQ(parse_http_date(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace rec::objstore
