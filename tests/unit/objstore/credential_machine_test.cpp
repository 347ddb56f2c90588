// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Credentials of a container and of a machine.
#include "tests/unit/objstore/chain_harness.h"

namespace rec::objstore {
namespace {

struct ContainerTest : ChainTest {
  ContainerTest() {
    transport.handler = [](const HttpRequest&) {
      return HttpResult(HttpAnswer{200, {}, R"({"AccessKeyId":"ASIAECS","SecretAccessKey":"s"})"});
    };
  }
  void uri(const std::string& text) {
    environment.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = text;
  }
};

TEST_F(ContainerTest, OverHttpIsThisMachine) {
  for (const char* good :
       {"http://localhost:80/c", "http://127.0.0.1/c", "http://127.9.8.7:1/c", "http://[::1]:9/c",
        "http://169.254.170.2/c", "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials", "https://keys.example.com/c?x=1",
        "http://localhost"}) {
    uri(good);
    EXPECT_EQ(fetch_id(), "ASIAECS") << good;
  }
  EXPECT_EQ(transport.requests.back().url(), "http://localhost/");
  const auto asked = transport.requests.size();
  for (const char* bad :
       {"http://example.com/c", "http://169.254.169.254/c", "http://127.0.0.1.example.com/c",
        "http://localhost.example.com/", "http://localhost@example.com/", "http://127.0.0.1\\@x/",
        "http://1270.0.0.1/", "ftp://localhost/c", "localhost/c", "http://localhost/a\r\nb",
        "http://localhost/a b", "http://[::1].example.com/c", "http://[::1]x/c"}) {
    uri(bad);
    EXPECT_TRUE(fetch_id().starts_with("error: The container's credentials URI")) << bad;
  }
  EXPECT_EQ(transport.requests.size(), asked);
}

TEST_F(ContainerTest, RelativeUriComesFirst) {
  uri("http://localhost/full");
  environment.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/1";
  EXPECT_EQ(fetch_id(), "ASIAECS");
  EXPECT_EQ(transport.requests.back().url(), "http://169.254.170.2/v2/credentials/1");
}

TEST_F(ContainerTest, TokenFileIsReadEachTimeAndComesFirst) {
  uri("http://localhost/c");
  environment.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "variable";
  environment.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/token";
  for (const char* token : {"one", "two\n"}) {
    environment.files["/token"] = token;
    EXPECT_EQ(fetch_id(), "ASIAECS");
    EXPECT_EQ(*find_header(transport.requests.back().headers, "Authorization"),
              std::string(token).substr(0, 3));
  }
  environment.files["/token"] = "geheim\r\nX: y";
  EXPECT_EQ(fetch_id(), "error: The container's authorization token has a line break");
  environment.files.clear();
  EXPECT_TRUE(fetch_id().starts_with("error: /token cannot be read"));
}

TEST_F(ContainerTest, IsAskedThreeTimes) {
  uri("http://localhost/c");
  transport.handler = [](const HttpRequest&) { return HttpResult(HttpAnswer{500, {}, {}}); };
  EXPECT_EQ(fetch_id(), "error: The container's credentials at localhost: 500");
  EXPECT_EQ(transport.requests.size(), 3U);
}

struct ImdsTest : ChainTest {
  // What the service answers to the three requests.
  HttpResult token = HttpAnswer{200, {}, "T"};
  HttpResult role = HttpAnswer{200, {}, "my role\nother"};
  HttpResult keys =
      HttpAnswer{200, {}, R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":"s"})"};
  ImdsTest() {
    transport.handler = [this](const HttpRequest& request) {
      if (request.method == "PUT") return token;
      return request.path.ends_with("/security-credentials/") ? role : keys;
    };
  }
};

TEST_F(ImdsTest, UsesTheFirstRole) {
  EXPECT_EQ(fetch_id(), "A");
  EXPECT_EQ(transport.requests.back().url(),
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/my%20role");
}

TEST_F(ImdsTest, CanBeAskedOverIpv6) {
  environment.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "ipv6";
  EXPECT_EQ(fetch_id(), "A");
  EXPECT_EQ(transport.requests.back().origin, "http://[fd00:ec2::254]");
}

TEST_F(ImdsTest, NobodyThereMeansNoCredentialsAfterOneQuestion) {
  for (const auto kind : {TransportError::Kind::kConnect, TransportError::Kind::kTimeout,
                          TransportError::Kind::kResolve}) {
    token = TransportError{kind, "x"};
    transport.requests.clear();
    EXPECT_TRUE(fetch_id().starts_with("error: No credentials"));
    EXPECT_EQ(transport.requests.size(), 1U);
  }
}

// A container that is one hop too far away gets no answer to the token request.
TEST_F(ImdsTest, NoTokenMeansVersion1UnlessThatIsForbidden) {
  for (const auto& refused :
       {HttpResult(HttpAnswer{403, {}, {}}), HttpResult(HttpAnswer{404, {}, {}}),
        HttpResult(HttpAnswer{405, {}, {}}),
        HttpResult(TransportError{TransportError::Kind::kStalled, "x"})}) {
    token = refused;
    environment.variables.erase("AWS_EC2_METADATA_V1_DISABLED");
    EXPECT_EQ(fetch_id(), "A");
    EXPECT_EQ(find_header(transport.requests.back().headers, "x-aws-ec2-metadata-token"), nullptr);
    environment.variables["AWS_EC2_METADATA_V1_DISABLED"] = "true";
    transport.requests.clear();
    EXPECT_TRUE(fetch_id().starts_with("error: No credentials"));
    EXPECT_EQ(transport.requests.size(), 1U);
  }
}

// Other clouds have something else at that address.
TEST_F(ImdsTest, SomethingElseThatAnswersThereIsNoService) {
  token = role = HttpAnswer{403, {}, {}};
  EXPECT_TRUE(fetch_id().starts_with("error: No credentials"));
}

TEST_F(ImdsTest, AMachineWithoutARoleHasNoCredentials) {
  role = HttpAnswer{404, {}, {}};
  EXPECT_TRUE(fetch_id().starts_with("error: No credentials"));
  role = HttpAnswer{200, {}, "\n"};
  EXPECT_TRUE(fetch_id().starts_with("error: No credentials"));
}

TEST_F(ImdsTest, BadAnswersAreErrors) {
  token = HttpAnswer{400, {}, {}};
  EXPECT_EQ(fetch_id(), "error: The metadata service at 169.254.169.254: 400");
  token = HttpAnswer{200, {}, "a\r\nb"};
  EXPECT_EQ(fetch_id(), "error: The metadata service at 169.254.169.254: 200");
  token = HttpAnswer{200, {}, "T"};
  keys = HttpAnswer{200, {}, R"({"Code":"Failed"})"};
  EXPECT_EQ(fetch_id(), "error: The credentials of the machine's role were refused: Failed");
  role = HttpAnswer{401, {}, {}};
  EXPECT_EQ(fetch_id(), "error: The metadata service at 169.254.169.254: 401");
}

TEST_F(ImdsTest, TimeoutAndAttemptsCanBeSet) {
  environment.variables["AWS_METADATA_SERVICE_TIMEOUT"] = "7";
  environment.variables["AWS_METADATA_SERVICE_NUM_ATTEMPTS"] = "4";
  token = TransportError{TransportError::Kind::kTimeout, "x"};
  EXPECT_TRUE(fetch_id().starts_with("error: No credentials"));
  EXPECT_EQ(transport.requests.size(), 4U);
  EXPECT_EQ(transport.requests.back().stall_timeout, std::chrono::seconds(7));
}

}  // namespace
}  // namespace rec::objstore
