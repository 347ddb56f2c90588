// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What goes over the wire for each member of the chain, next to what a recorded AWS SDK sent.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "lib/objstore/credential_chain.h"
#include "lib/objstore/text.h"
#include "tests/unit/objstore/fakes.h"
#include "tests/unit/objstore/test_clock.h"
#include "tests/unit/objstore/vectors.h"

namespace rec::objstore {
namespace {

using nlohmann::json;

constexpr char kOrigin[] = "http://127.0.0.1:9310";

// What follows from the rest of a request, or from the moment.
bool is_incidental(const std::string& name) {
  static const char* const kNames[] = {"host", "content-length", "x-amz-date"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// Up to the date and the signature.
std::string authorization_form(const std::string& value) {
  const auto scope = value.substr(0, value.find('/'));
  const auto region = value.find("/", value.find('/') + 1);
  std::string form = scope + value.substr(region, value.find("Signature=") - region);
  std::erase(form, ' ');
  return form;
}

struct Sent {
  std::string method;
  std::string path;
  std::map<std::string, std::string> headers;
  std::vector<std::string> form;  // sorted
  friend bool operator==(const Sent&, const Sent&) = default;
  friend void PrintTo(const Sent& s, std::ostream* out) {
    *out << s.method << " " << s.path;
    for (const auto& [name, value] : s.headers) *out << "\n  " << name << ": " << value;
    for (const auto& item : s.form) *out << "\n  & " << item;
  }
};

void add_header(Sent& sent, const std::string& name, const std::string& value) {
  const auto key = to_lower(name);
  if (is_incidental(key)) return;
  const bool signature = key == "authorization" && value.starts_with("AWS4");
  sent.headers[key] = signature ? authorization_form(value) : value;
}

// A made-up session name holds the time and the program's name.
void add_form(Sent& sent, const std::string& body) {
  if (body.empty()) return;
  for (const auto part : split(body, '&')) {
    const bool made_up = part.starts_with("RoleSessionName=") && part.size() > 25;
    sent.form.emplace_back(made_up ? "RoleSessionName=*" : part);
  }
  std::sort(sent.form.begin(), sent.form.end());
}

std::vector<Sent> recorded(const std::string& name) {
  std::ifstream file(REC_TEST_DATA "/aws-sdk-wire/" + name + ".jsonl");
  EXPECT_TRUE(file) << name;
  std::vector<Sent> out;
  for (std::string line; std::getline(file, line);) {
    const auto entry = json::parse(line, nullptr, false);
    Sent sent{entry["method"], entry["path"], {}, {}};
    for (const auto& [header, value] : entry["headers"].items()) add_header(sent, header, value);
    add_form(sent, entry["body"]);
    out.push_back(std::move(sent));
  }
  return out;
}

struct WireTest : testing::Test {
  WireTest() {
    environment.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = kOrigin;
    environment.variables["AWS_ENDPOINT_URL_STS"] = kOrigin;
    transport.handler = [this](const HttpRequest& request) { return HttpResult(serve(request)); };
  }

  // The endpoints behind one origin, as each of them documents itself.
  HttpAnswer serve(const HttpRequest& request) const {
    EXPECT_EQ(request.origin, kOrigin);
    if (request.path == "/latest/api/token")
      return version_1_only || request.method != "PUT" ? HttpAnswer{404, {}, {}}
                                                       : HttpAnswer{200, {}, "EC2-TOKEN"};
    if (request.path.starts_with("/latest/")) {
      const auto* const token = find_header(request.headers, "x-aws-ec2-metadata-token");
      if (!version_1_only && (!token || *token != "EC2-TOKEN")) return {401, {}, {}};
      if (request.path == "/latest/meta-data/placement/region") return {200, {}, "eu-central-1"};
      if (request.path.ends_with("/security-credentials/")) return {200, {}, "test-role"};
      return {200, {}, keys("IMDS")};
    }
    if (request.path.starts_with("/ecs")) return {200, {}, keys("ECS")};
    const auto body = body_text(request);
    const std::string action = body.substr(7, body.find('&') - 7);
    return {200,
            {},
            "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" +
                action +
                "Result><Credentials><AccessKeyId>ASIASTS</AccessKeyId>"
                "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
                "<Expiration>2026-11-20T06:00:00Z</Expiration></Credentials></" +
                action + "Result></" + action + "Response>"};
  }
  static std::string keys(const std::string& who) {
    return R"({"Code":"Success","AccessKeyId":"ASIA)" + who +
           R"(","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-20T06:00:00Z"})";
  }

  std::vector<Sent> sent() const {
    std::vector<Sent> out;
    for (const auto& request : transport.requests) {
      const auto query = request.query_string();
      Sent one{request.method, request.path + (query.empty() ? "" : "?" + query), {}, {}};
      for (const auto& [name, value] : request.headers) add_header(one, name, value);
      add_form(one, body_text(request));
      out.push_back(std::move(one));
    }
    return out;
  }

  // The access key that the chain ends with.
  std::string fetch() {
    CredentialChain chain(settings, environment, transport, server_clock);
    auto fetched = chain.fetch();
    region = chain.machine_region();
    return fetched ? fetched.value().access_key_id : "error: " + fetched.error().what;
  }

  FakeEnvironment environment;
  FakeTransport transport;
  TestClock clock;
  ServerClock server_clock{clock};
  CredentialSettings settings{.region = "us-east-1"};
  std::string region;
  bool version_1_only = false;
};

TEST_F(WireTest, EnvironmentAsksNobody) {
  environment.variables.insert(
      {{"AWS_ACCESS_KEY_ID", "AKIDENV"},
       {"AWS_SECRET_ACCESS_KEY", "s"},
       {"AWS_CONTAINER_CREDENTIALS_FULL_URI", std::string(kOrigin) + "/ecs"},
       {"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
       {"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/rec"}});
  EXPECT_EQ(fetch(), "AKIDENV");
  EXPECT_EQ(sent(), recorded("env-beats-all"));
  EXPECT_TRUE(transport.requests.empty());
}

TEST_F(WireTest, MetadataServiceVersion2) {
  EXPECT_EQ(fetch(), "ASIAIMDS");
  EXPECT_EQ(region, "eu-central-1");
  transport.requests.resize(3);  // what follows asked for the region
  EXPECT_EQ(sent(), recorded("imdsv2"));
  for (const auto& request : transport.requests) {
    EXPECT_FALSE(request.use_proxy);
    EXPECT_EQ(request.connect_timeout, std::chrono::seconds(1));
  }
}

TEST_F(WireTest, MetadataServiceVersion1) {
  version_1_only = true;
  EXPECT_EQ(fetch(), "ASIAIMDS");
  transport.requests.resize(3);
  EXPECT_EQ(sent(), recorded("imdsv1-fallback"));
}

TEST_F(WireTest, MetadataServiceSwitchedOff) {
  environment.variables["AWS_EC2_METADATA_DISABLED"] = "true";
  EXPECT_TRUE(fetch().starts_with("error: No credentials"));
  EXPECT_EQ(sent(), recorded("imds-disabled"));
  environment.variables.erase("AWS_EC2_METADATA_DISABLED");
  settings.disable_ec2_metadata = true;
  EXPECT_TRUE(fetch().starts_with("error: No credentials"));
  EXPECT_TRUE(transport.requests.empty());
}

TEST_F(WireTest, ContainerWithItsToken) {
  environment.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = std::string(kOrigin) + "/ecs/v2";
  environment.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "auth-token";
  EXPECT_EQ(fetch(), "ASIAECS");
  EXPECT_EQ(sent(), recorded("ecs-full"));
  EXPECT_EQ(region, "");
}

TEST_F(WireTest, ContainerComesBeforeTheMetadataService) {
  environment.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = std::string(kOrigin) + "/ecs";
  EXPECT_EQ(fetch(), "ASIAECS");
  EXPECT_EQ(sent(), recorded("ecs-vs-imds"));
}

TEST_F(WireTest, WebIdentity) {
  environment.files["/token"] = "eyJ.web.identity+token/=\n";
  environment.variables.insert({{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
                                {"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/rec"},
                                {"AWS_ROLE_SESSION_NAME", "sess"}});
  EXPECT_EQ(fetch(), "ASIASTS");
  EXPECT_EQ(sent(), recorded("web-identity"));
}

TEST_F(WireTest, WebIdentityComesBeforeTheKeysOfTheProfile) {
  environment.files["/token"] = "eyJ.web.identity+token/=";
  environment.files["/home/u/.aws/credentials"] =
      "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\n";
  environment.variables.insert({{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
                                {"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/rec"}});
  EXPECT_EQ(fetch(), "ASIASTS");
  EXPECT_EQ(sent(), recorded("webid-vs-sharedcreds"));
}

TEST_F(WireTest, RoleOfTheProfile) {
  environment.files["/home/u/.aws/credentials"] =
      "[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n";
  environment.files["/home/u/.aws/config"] =
      "[profile rec]\nrole_arn = arn:aws:iam::123456789012:role/rec\nsource_profile = base\n"
      "external_id = ext\nduration_seconds = 900\n";
  environment.variables["AWS_PROFILE"] = "rec";
  EXPECT_EQ(fetch(), "ASIASTS");
  EXPECT_EQ(sent(), recorded("profile-assume-role"));
}

TEST_F(WireTest, SourceProfileWithoutARoleIsNothing) {
  environment.files["/home/u/.aws/credentials"] =
      "[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n";
  environment.files["/home/u/.aws/config"] = "[profile rec]\nsource_profile = base\n";
  environment.variables["AWS_PROFILE"] = "rec";
  environment.variables["AWS_EC2_METADATA_DISABLED"] = "true";
  EXPECT_TRUE(fetch().starts_with("error: No credentials"));
  EXPECT_EQ(sent(), recorded("profile-source-only"));
}

}  // namespace
}  // namespace rec::objstore
