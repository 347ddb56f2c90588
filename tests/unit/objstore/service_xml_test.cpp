// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/service_xml.h"

#include <gtest/gtest.h>

#include "lib/objstore/xml_reader.h"

namespace rec::objstore {
namespace {

// In the form of the "Error responses" page of the S3 reference.
constexpr char kNoSuchKey[] = R"(<?xml version="1.0" encoding="UTF-8"?>
<Error>
  <Code>NoSuchKey</Code>
  <Message>The resource you requested does not exist</Message>
  <Resource>/mybucket/myfoto.jpg</Resource>
  <RequestId>4442587FB7D0A2F9</RequestId>
</Error>)";

TEST(ServiceXml, ErrorOfS3) {
  const auto error = parse_error(kNoSuchKey);
  EXPECT_EQ(error.code, "NoSuchKey");
  EXPECT_EQ(error.request_id, "4442587FB7D0A2F9");
  EXPECT_EQ(error.region, "");
  EXPECT_EQ(error.server_time, std::nullopt);
}

TEST(ServiceXml, ErrorWithTheRegionOrTheTime) {
  EXPECT_EQ(parse_error("<Error><Code>AuthorizationHeaderMalformed</Code>"
                        "<Region>eu-west-1</Region></Error>")
                .region,
            "eu-west-1");
  EXPECT_EQ(parse_error("<Error><Code>RequestTimeTooSkewed</Code>"
                        "<ServerTime>2026-11-20T05:00:00Z</ServerTime></Error>")
                .server_time,
            parse_iso8601("20261120T050000Z"));
}

TEST(ServiceXml, ErrorOfOssAndOfSts) {
  const auto oss = parse_error(
      "<Error><Code>AccessDenied</Code><RequestId>5C3D9175B6FC201293AD</RequestId>"
      "<EC>0002-00000226</EC></Error>");
  EXPECT_EQ(oss.ec, "0002-00000226");
  const auto sts = parse_error(
      "<ErrorResponse "
      "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
      "<Code>ExpiredTokenException</Code><Message>x</Message></Error>"
      "<RequestId>c6104cbe-af31</RequestId></ErrorResponse>");
  EXPECT_EQ(sts.code, "ExpiredTokenException");
  EXPECT_EQ(sts.request_id, "c6104cbe-af31");
}

TEST(ServiceXml, ErrorThatIsNoneHasNoCode) {
  for (const char* body : {"", "   ", "<html><body>502</body></html>", "<Error><Code>Slow",
                           "not xml", "<Error/>", "<Error><Message/></Error>", "{\"code\":\"x\"}"})
    EXPECT_EQ(parse_error(body), ServiceError{}) << body;
}

// A region becomes part of a host name, a code part of a message.
TEST(ServiceXml, ErrorFieldsThatCannotBeTrustedAreDropped) {
  const auto error = parse_error(
      "<Error><Code>a b</Code><RequestId>x&#10;y</RequestId>"
      "<Region>evil.example/</Region><ServerTime>soon</ServerTime></Error>");
  EXPECT_EQ(error, ServiceError{});
  EXPECT_EQ(parse_error("<Error><Code>" + std::string(129, 'x') + "</Code></Error>").code, "");
}

TEST(ServiceXml, UploadId) {
  const auto id = parse_upload_id(
      "<?xml version=\"1.0\"?><InitiateMultipartUploadResult "
      "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>b</Bucket><Key>k</Key>"
      "<UploadId> VXBsb2Fk+SUQ/=&amp;~ </UploadId></InitiateMultipartUploadResult>");
  ASSERT_TRUE(id);
  EXPECT_EQ(id.value(), "VXBsb2Fk+SUQ/=&~");
  for (const std::string& body :
       {std::string(), std::string("<Error/>"), std::string("<InitiateMultipartUploadResult/>"),
        std::string(
            "<InitiateMultipartUploadResult><UploadId></UploadId></InitiateMultipartUploadResult>"),
        "<InitiateMultipartUploadResult><UploadId>" + std::string(5000, 'x') +
            "</UploadId></InitiateMultipartUploadResult>",
        std::string("<InitiateMultipartUploadResult><UploadId>a&#13;&#10;b</UploadId>"
                    "</InitiateMultipartUploadResult>")})
    EXPECT_FALSE(parse_upload_id(body)) << body.substr(0, 80);
}

TEST(ServiceXml, PartList) {
  const auto page = parse_part_list(
      "<s3:ListPartsResult xmlns:s3=\"x\"><s3:IsTruncated>true</s3:IsTruncated>"
      "<s3:NextPartNumberMarker>3</s3:NextPartNumberMarker>"
      "<s3:Part><s3:PartNumber>2</"
      "s3:PartNumber><s3:ETag>&quot;7778aef83f66abc1fa1e8477f296d394&quot;</s3:ETag>"
      "<s3:Size>10485760</s3:Size><s3:ChecksumCRC32C>4waSgw==</s3:ChecksumCRC32C></s3:Part>"
      "<s3:Part><s3:PartNumber>3</s3:PartNumber><s3:ETag>\"aa\"</s3:ETag><s3:Size>5000000000</"
      "s3:Size></s3:Part>"
      "</s3:ListPartsResult>",
      1);
  ASSERT_TRUE(page) << page.error().what;
  EXPECT_EQ(page.value().next_marker, 3);
  const std::vector<UploadedPart> expected = {
      {2, "7778aef83f66abc1fa1e8477f296d394", 10485760, "4waSgw=="}, {3, "aa", 5000000000, ""}};
  EXPECT_EQ(page.value().parts, expected);
}

TEST(ServiceXml, PartListMayBeEmptyAndEnds) {
  const auto page = parse_part_list(
      "<ListPartsResult><IsTruncated>false</IsTruncated>"
      "<NextPartNumberMarker>0</NextPartNumberMarker></ListPartsResult>",
      0);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page.value().parts.empty());
  EXPECT_EQ(page.value().next_marker, std::nullopt);
}

TEST(ServiceXml, PartListThatWouldNeverEndIsRefused) {
  const auto truncated = [](const std::string& next) {
    return parse_part_list(
        "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>" + next +
            "</NextPartNumberMarker></ListPartsResult>",
        1000);
  };
  EXPECT_TRUE(truncated("1001"));
  for (const char* next : {"1000", "0", "-1", "", "x", "10001", "99999999999"})
    EXPECT_FALSE(truncated(next)) << next;
}

TEST(ServiceXml, PartsWithoutWhatTheyNeedAreRefused) {
  for (const char* part :
       {"<PartNumber>0</PartNumber><ETag>a</ETag><Size>1</Size>",
        "<PartNumber>10001</PartNumber><ETag>a</ETag><Size>1</Size>",
        "<PartNumber>1x</PartNumber><ETag>a</ETag><Size>1</Size>",
        "<PartNumber>1</PartNumber><Size>1</Size>", "<PartNumber>1</PartNumber><ETag>a</ETag>",
        "<PartNumber>1</PartNumber><ETag>a</ETag><Size>-1</Size>"})
    EXPECT_FALSE(parse_part_list(
        "<ListPartsResult><Part>" + std::string(part) + "</Part></ListPartsResult>", 0))
        << part;
}

TEST(ServiceXml, CompleteBodyIsInOrder) {
  const std::vector<UploadedPart> parts = {{2, "b", 5, ""}, {1, "a\"<&>", 5, "4waSgw=="}};
  EXPECT_EQ(complete_body(parts),
            "<CompleteMultipartUpload>"
            "<Part><PartNumber>1</PartNumber><ETag>\"a&quot;&lt;&amp;&gt;\"</ETag>"
            "<ChecksumCRC32C>4waSgw==</ChecksumCRC32C></Part>"
            "<Part><PartNumber>2</PartNumber><ETag>\"b\"</ETag></Part>"
            "</CompleteMultipartUpload>");
}

TEST(ServiceXml, CompletedAfterTheBlanksThatKeepTheConnectionOpen) {
  const auto done = parse_completed(
      "\n   \r\n <?xml version=\"1.0\"?><CompleteMultipartUploadResult>"
      "<Location>http://x</Location><ETag>\"3858f62230ac3c915f300c664312c11f-9\"</ETag>"
      "<ChecksumCRC32C>AAAAAA==-9</ChecksumCRC32C></CompleteMultipartUploadResult>");
  ASSERT_TRUE(std::holds_alternative<CompletedUpload>(done));
  EXPECT_EQ(std::get<CompletedUpload>(done).etag, "3858f62230ac3c915f300c664312c11f-9");
  EXPECT_EQ(std::get<CompletedUpload>(done).crc32c, "AAAAAA==-9");
}

TEST(ServiceXml, CompletedMayBeAnErrorInASuccess) {
  const auto failed = parse_completed("  <Error><Code>InternalError</Code></Error>");
  ASSERT_TRUE(std::holds_alternative<ServiceError>(failed));
  EXPECT_EQ(std::get<ServiceError>(failed).code, "InternalError");
}

TEST(ServiceXml, CompletedThatIsCutOffIsNoSuccess) {
  for (const char* body : {"", "     ", "<CompleteMultipartUploadResult>",
                           "<CompleteMultipartUploadResult><ETag>\"a\"</ETag>", "<Other/>"}) {
    const auto answer = parse_completed(body);
    ASSERT_TRUE(std::holds_alternative<ServiceError>(answer)) << body;
    EXPECT_EQ(std::get<ServiceError>(answer).code, "");
  }
}

TEST(Xml, HonoursNoEntityThatADocumentDeclares) {
  const auto error = parse_error(
      "<!DOCTYPE x [<!ENTITY a \"SlowDown\"><!ENTITY f SYSTEM \"file:///etc/hostname\">]>"
      "<Error><Code>&a;</Code><RequestId>&f;</RequestId></Error>");
  EXPECT_EQ(error.code, "&a;");
  EXPECT_EQ(error.request_id, "&f;");
}

TEST(Xml, IsNoLongerThanItsLimit) {
  const std::string head = "<Error><Code>X</Code><Message>", tail = "</Message></Error>";
  const std::string fill(XmlDocument::kMaxBytes - head.size() - tail.size(), 'x');
  EXPECT_EQ(parse_error(head + fill + tail).code, "X");
  EXPECT_EQ(parse_error(head + fill + "x" + tail).code, "");
}

TEST(Xml, MayBeNestedAsDeepAsItsLimitAllows) {
  std::string body = "<Error><Code>X</Code>";
  for (int i = 0; i < 500'000; ++i) body += "<a>";
  EXPECT_EQ(parse_error(body).code, "");  // never closed
  for (int i = 0; i < 500'000; ++i) body += "</a>";
  EXPECT_EQ(parse_error(body + "</Error>").code, "X");
}

TEST(Xml, IsOneDocument) {
  EXPECT_EQ(parse_error("<Error><Code>A</Code></Error><Error><Code>B</Code></Error>").code, "");
}

}  // namespace
}  // namespace rec::objstore
