// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every vector of tests/data/sigv4, with all that leads to the signature.
#include <gtest/gtest.h>

#include "lib/objstore/digest.h"
#include "lib/objstore/sigv4_signer.h"
#include "lib/objstore/text.h"
#include "tests/unit/objstore/vectors.h"

namespace rec::objstore {
namespace {

using nlohmann::json;

std::string text(const json& value) { return value.is_null() ? "" : value.get<std::string>(); }

Credentials credentials_of(const json& vector) {
  Credentials out;
  out.access_key_id = text(vector["access_key"]);
  out.secret_access_key = Secret(text(vector["secret_key"]));
  // "omit": the token goes along unsigned, which is nothing that a signer does.
  if (!vector.value("omit_session_token", false)) out.session_token = Secret(text(vector["token"]));
  return out;
}

SigningContext context_of(const json& vector) {
  SigningContext out;
  out.region = text(vector["region"]);
  out.service = text(vector["service"]);
  out.utc = parse_iso8601(text(vector["time"])).value();
  out.payload_hash = vector.value("payload_hash", std::string(kUnsignedPayload));
  out.send_payload_hash = vector.value("sign_body", out.service == "s3");
  return out;
}

// What the signer gets; what it adds itself is left out.
HttpRequest request_of(const json& vector) {
  HttpRequest out;
  out.method = text(vector["method"]);
  out.path = percent_encode_path(text(vector["path"]));
  for (const auto& pair : vector["query"]) out.query.emplace_back(text(pair[0]), text(pair[1]));
  for (const auto& pair : vector["headers"]) {
    const std::string name = to_lower(text(pair[0]));
    if (name == "host")
      out.origin = "https://" + text(pair[1]);
    else if (name != "x-amz-date" && name != "x-amz-content-sha256" &&
             name != "x-amz-security-token")
      out.headers.push_back({text(pair[0]), text(pair[1])});
  }
  return out;
}

void expect_signature(const Signature& made, const json& vector, const std::string& prefix) {
  EXPECT_EQ(made.canonical_request, text(vector[prefix + "canonical_request"]));
  EXPECT_EQ(made.string_to_sign, text(vector[prefix + "string_to_sign"]));
  EXPECT_EQ(made.value, text(vector[prefix + "signature"]));
}

TEST(SigV4, AwsSigningTestSuite) {
  const json file = read_vectors("sigv4/aws-c-auth.json");
  ASSERT_EQ(file["vectors"].size(), 38U);
  for (const auto& vector : file["vectors"]) {
    SCOPED_TRACE(text(vector["name"]));
    auto request = request_of(vector);
    if (!vector["s3_usable"]) {  // S3 never normalises a path: take the one that was signed
      const auto canonical = text(vector["header_canonical_request"]);
      request.path = std::string(split(canonical, '\n')[1]);
    }
    auto presigned = request;
    expect_signature(sign_v4(request, credentials_of(vector), context_of(vector)), vector,
                     "header_");
    expect_signature(presign_v4(presigned, credentials_of(vector), context_of(vector),
                                std::chrono::seconds(vector["expires"].get<int>())),
                     vector, "query_");
  }
}

void check_s3(const json& vector) {
  auto request = request_of(vector);
  const auto credentials = credentials_of(vector);
  if (vector["kind"] == "query") {
    expect_signature(presign_v4(request, credentials, context_of(vector),
                                std::chrono::seconds(vector["expires"].get<int>())),
                     vector, "");
    // The published URL has its signature at the end; the order does not matter.
    std::erase_if(request.query, [](const auto& pair) { return pair.first == "X-Amz-Signature"; });
    EXPECT_EQ(request.path + "?" + request.query_string() +
                  "&X-Amz-Signature=" + text(vector["signature"]),
              text(vector["url_path"]));
    return;
  }
  expect_signature(sign_v4(request, credentials, context_of(vector)), vector, "");
  EXPECT_EQ(*find_header(request.headers, "authorization"), text(vector["authorization"]));
  EXPECT_EQ(*find_header(request.headers, "x-amz-date"), text(vector["time"]));
  EXPECT_EQ(*find_header(request.headers, "x-amz-content-sha256"), text(vector["payload_hash"]));
  const auto* const token = find_header(request.headers, "x-amz-security-token");
  EXPECT_EQ(token ? *token : "", text(vector["token"]));
  EXPECT_EQ(request.path + (request.query.empty() ? "" : "?" + request.query_string()),
            text(vector["url_path"]));
}

// Chunks are not sent: many stores refuse them. Their signatures still check the signing key.
void check_chunks(const json& vector) {
  SigningContext context;
  context.region = "us-east-1";
  context.utc = parse_iso8601(text(vector["time"])).value();
  EXPECT_EQ(v4_scope(context), text(vector["scope"]));
  const auto key = v4_signing_key(Secret(text(vector["secret_key"])), context);
  for (const auto& chunk : vector["chunks"])
    EXPECT_EQ(hex(hmac_sha256(bytes_of(key.reveal()), text(chunk["string_to_sign"]))),
              text(chunk["signature"]));
}

TEST(SigV4, S3Operations) {
  const json file = read_vectors("sigv4/s3.json");
  ASSERT_EQ(file["vectors"].size(), 73U);
  std::size_t chunked = 0;
  for (const auto& vector : file["vectors"]) {
    SCOPED_TRACE(text(vector["name"]));
    if (vector["kind"] == "chunks") {
      ++chunked;
      check_chunks(vector);
    } else {
      check_s3(vector);
    }
  }
  EXPECT_EQ(chunked, 2U);
}

// An upload outlives its credentials: the second attempt must not carry anything of the first.
TEST(SigV4, SigningAgainLeavesNothingOfTheFirstSignature) {
  const json file = read_vectors("sigv4/s3.json");
  for (const auto& vector : file["vectors"]) {
    if (vector["kind"] != "header") continue;
    SCOPED_TRACE(text(vector["name"]));
    auto fresh = request_of(vector);
    auto again = fresh;
    Credentials expired{"AKIDOLD", Secret("old"), Secret("oldtoken"), {}, {}};
    auto earlier = context_of(vector);
    earlier.utc -= std::chrono::hours(12);
    sign_v4(again, expired, earlier);
    const auto expected = sign_v4(fresh, credentials_of(vector), context_of(vector));
    const auto made = sign_v4(again, credentials_of(vector), context_of(vector));
    EXPECT_EQ(made.canonical_request, expected.canonical_request);
    EXPECT_EQ(*find_header(again.headers, "Authorization"),
              *find_header(fresh.headers, "Authorization"));
    EXPECT_EQ(again.headers.size(), fresh.headers.size());
  }
}

TEST(Secret, IsWipedAndMovesWithoutLeavingACopy) {
  Secret first("geheim");
  Secret moved = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is the promise
  EXPECT_EQ(moved.reveal(), "geheim");
  EXPECT_EQ(Secret("ge", "heim"), moved);
  moved = Secret("kurz");
  EXPECT_EQ(moved.reveal(), "kurz");
}

}  // namespace
}  // namespace rec::objstore
