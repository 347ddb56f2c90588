// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which credentials are taken, and what is said when there are none that work.
#include "tests/unit/objstore/chain_harness.h"

namespace rec::objstore {
namespace {

constexpr char kSts[] =
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIASTS</AccessKeyId>"
    "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
    "<Expiration>2026-11-20T06:00:00Z</Expiration></Credentials></AssumeRoleResult>"
    "</AssumeRoleResponse>";

TEST_F(ChainTest, PropertiesComeFirstAndAreNeverMixed) {
  environment.variables.insert({{"AWS_ACCESS_KEY_ID", "AKIDENV"},
                                {"AWS_SECRET_ACCESS_KEY", "envsecret"},
                                {"AWS_SESSION_TOKEN", "envtoken"}});
  settings.access_key_id = "AKIDPROP";
  settings.secret_access_key = Secret("propsecret");
  auto fetched = fetch();
  ASSERT_TRUE(fetched);
  EXPECT_EQ(fetched.value().access_key_id, "AKIDPROP");
  EXPECT_EQ(fetched.value().secret_access_key, Secret("propsecret"));
  EXPECT_TRUE(fetched.value().session_token.empty());
}

TEST_F(ChainTest, HalfAPairIsAnErrorWhereverItIs) {
  environment.variables.insert(
      {{"AWS_ACCESS_KEY_ID", "AKIDENV"}, {"AWS_SECRET_ACCESS_KEY", "envsecret"}});
  settings.access_key_id = "AKIDPROP";
  EXPECT_EQ(fetch_id(), "error: access-key-id is set without secret-access-key");
  settings.access_key_id.clear();
  settings.secret_access_key = Secret("x");
  EXPECT_EQ(fetch_id(), "error: secret-access-key is set without access-key-id");
  settings.secret_access_key = Secret();
  settings.session_token = Secret("x");
  EXPECT_EQ(fetch_id(), "error: session-token is set without access-key-id");
  settings.session_token = Secret();
  environment.variables["AWS_SECRET_ACCESS_KEY"] = "";
  EXPECT_EQ(fetch_id(), "error: AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY");
  environment.variables.erase("AWS_ACCESS_KEY_ID");
  credentials_file("[default]\naws_access_key_id = A\n");
  EXPECT_EQ(fetch_id(),
            "error: The credentials of the profile \"default\" have no secret access key");
}

TEST_F(ChainTest, APropertyThatNoHeaderCanCarryIsAnError) {
  settings.access_key_id = "AKID\r\nx: y";
  settings.secret_access_key = Secret("s");
  EXPECT_FALSE(check_settings(settings));
}

TEST_F(ChainTest, EnvironmentWithTheOldNameOfTheToken) {
  environment.variables.insert({{"AWS_ACCESS_KEY_ID", "AKIDENV"},
                                {"AWS_SECRET_ACCESS_KEY", "s"},
                                {"AWS_SECURITY_TOKEN", "old"}});
  EXPECT_EQ(fetch().value().session_token, Secret("old"));
  environment.variables["AWS_SESSION_TOKEN"] = "new";
  EXPECT_EQ(fetch().value().session_token, Secret("new"));
}

TEST_F(ChainTest, ProfileAsksTheCredentialsFileTheProcessTheConfigFile) {
  config_file(
      "[default]\naws_access_key_id = AKIDCONFIG\naws_secret_access_key = s\n"
      "credential_process = get 'my keys'\n");
  credentials_file(
      "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\n"
      "aws_session_token = t\n");
  environment.programs[{"get", "my keys"}] =
      R"({"Version":1,"AccessKeyId":"ASIAPROC","SecretAccessKey":"s","SessionToken":"t",
          "Expiration":"2026-11-20T06:00:00Z"})";
  auto fetched = fetch();
  ASSERT_TRUE(fetched);
  EXPECT_EQ(fetched.value().access_key_id, "AKIDFILE");
  EXPECT_EQ(fetched.value().session_token, Secret("t"));
  credentials_file("");
  fetched = fetch();
  ASSERT_TRUE(fetched);
  EXPECT_EQ(fetched.value().access_key_id, "ASIAPROC");
  EXPECT_EQ(fetched.value().session_token, Secret("t"));
  EXPECT_EQ(fetched.value().expires, parse_iso8601("2026-11-20T06:00:00Z"));
  config_file("[default]\naws_access_key_id = AKIDCONFIG\naws_secret_access_key = s\n");
  EXPECT_EQ(fetch_id(), "AKIDCONFIG");
}

TEST_F(ChainTest, AProcessThatFailsIsAnErrorAndNotTheNextSource) {
  config_file("[default]\ncredential_process = other\n");
  EXPECT_EQ(fetch_id(), "error: The credential process ended with code 1");
  environment.programs[{"other"}] = R"({"AccessKeyId":"A","SecretAccessKey":"geheim"})";
  EXPECT_EQ(fetch_id(),
            "error: The credentials of the credential process of the profile \"default\" have no "
            "\"Version\": 1");
  config_file("[default]\ncredential_process = 'open\n");
  EXPECT_EQ(fetch_id(),
            "error: The profile \"default\" has a credential_process that is not a command");
}

TEST_F(ChainTest, SsoPointsToTheProgramThatCanDoIt) {
  config_file("[default]\nsso_session = x\n");
  const auto fetched = fetch();
  ASSERT_FALSE(fetched);
  EXPECT_NE(fetched.error().hint.find("aws configure export-credentials"), std::string::npos);
}

struct RoleTest : ChainTest {
  RoleTest() {
    transport.handler = [](const HttpRequest&) { return HttpResult(HttpAnswer{200, {}, kSts}); };
    credentials_file("[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n");
  }
};

TEST_F(RoleTest, IsTakenWithTheSourceProfile) {
  config_file("[default]\nrole_arn = arn:r\nsource_profile = base\nrole_session_name = me\n");
  EXPECT_EQ(fetch_id(), "ASIASTS");
  ASSERT_EQ(transport.requests.size(), 1U);
  const auto& request = transport.requests.front();
  EXPECT_EQ(request.url(), "https://sts.amazonaws.com/");
  EXPECT_NE(find_header(request.headers, "Authorization")
                ->find("AKIDBASE/20261120/us-east-1/sts/aws4_request"),
            std::string::npos);
  EXPECT_NE(body_text(request).find("&RoleSessionName=me"), std::string::npos);
}

TEST_F(RoleTest, IsTakenWhereTheRegionIs) {
  config_file("[default]\nrole_arn = arn:r\nsource_profile = base\n");
  settings.region = "cn-north-1";
  EXPECT_EQ(fetch_id(), "ASIASTS");
  EXPECT_EQ(transport.requests.back().url(), "https://sts.cn-north-1.amazonaws.com.cn/");
  environment.variables["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1/sts/";
  EXPECT_EQ(fetch_id(), "ASIASTS");
  EXPECT_EQ(transport.requests.back().url(), "http://127.0.0.1:1/sts/");
  settings.region = "evil.example/";
  environment.variables.erase("AWS_ENDPOINT_URL");
  EXPECT_EQ(fetch_id(), "error: The region for AWS STS is not valid");
}

TEST_F(RoleTest, CanBeTakenOverOtherRoles) {
  config_file(
      "[default]\nrole_arn = arn:1\nsource_profile = two\n"
      "[profile two]\nrole_arn = arn:2\nsource_profile = base\n");
  EXPECT_EQ(fetch_id(), "ASIASTS");
  ASSERT_EQ(transport.requests.size(), 2U);
  EXPECT_NE(body_text(transport.requests[0]).find("RoleArn=arn%3A2"), std::string::npos);
  EXPECT_NE(body_text(transport.requests[1]).find("RoleArn=arn%3A1"), std::string::npos);
  EXPECT_EQ(*find_header(transport.requests[1].headers, "x-amz-security-token"), "t");
}

TEST_F(RoleTest, CanBeItsOwnSourceIfItHasKeys) {
  credentials_file("[default]\naws_access_key_id = AKIDOWN\naws_secret_access_key = s\n");
  config_file("[default]\nrole_arn = arn:1\nsource_profile = default\n");
  EXPECT_EQ(fetch_id(), "ASIASTS");
  EXPECT_NE(find_header(transport.requests[0].headers, "Authorization")->find("AKIDOWN"),
            std::string::npos);
}

TEST_F(RoleTest, TakesACredentialSource) {
  config_file("[default]\nrole_arn = arn:1\ncredential_source = EcsContainer\n");
  environment.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/keys?id=1";
  transport.handler = [](const HttpRequest& request) {
    return HttpResult(HttpAnswer{
        200,
        {},
        request.method == "GET" ? R"({"AccessKeyId":"ASIAECS","SecretAccessKey":"s"})" : kSts});
  };
  EXPECT_EQ(fetch_id(), "ASIASTS");
  ASSERT_EQ(transport.requests.size(), 2U);
  EXPECT_EQ(transport.requests[0].url(), "http://169.254.170.2/v2/keys?id=1");
}

TEST_F(RoleTest, SaysWhatIsWrongWithTheProfile) {
  const std::pair<const char*, const char*> cases[] = {
      {"[default]\nrole_arn = a\n", "has role_arn without one source for it"},
      {"[default]\nrole_arn = a\nsource_profile = base\ncredential_source = Environment\n",
       "has role_arn without one source for it"},
      {"[default]\nrole_arn = a\nsource_profile = none\n",
       "has the source_profile \"none\", which does not exist"},
      {"[default]\nrole_arn = a\ncredential_source = Moon\n",
       "has the unknown credential_source \"Moon\""},
      {"[default]\nrole_arn = a\ncredential_source = Environment\n",
       "takes its role with a source that has no credentials"},
      {"[default]\nrole_arn = a\nsource_profile = base\nmfa_serial = m\n",
       "asks for an MFA code, which nobody can enter here"},
      {"[default]\nrole_arn = a\nsource_profile = two\n"
       "[profile two]\nrole_arn = b\nsource_profile = default\n",
       "is its own source_profile, over others"}};
  for (const auto& [text, what] : cases) {
    config_file(text);
    EXPECT_EQ(fetch_id(), "error: The profile \"default\" " + std::string(what));
  }
  EXPECT_TRUE(transport.requests.empty());
}

TEST_F(RoleTest, IsAskedForAgainWhenStsIsBusyAndNotWhenItRefuses) {
  config_file("[default]\nrole_arn = arn:1\nsource_profile = base\n");
  int failures = 2;
  transport.handler = [&](const HttpRequest&) {
    return failures-- > 0 ? HttpResult(HttpAnswer{503, {}, {}}) : HttpAnswer{200, {}, kSts};
  };
  EXPECT_EQ(fetch_id(), "ASIASTS");
  EXPECT_EQ(transport.requests.size(), 3U);
  EXPECT_EQ(environment.slept, std::chrono::seconds(3));
  transport.requests.clear();
  transport.handler = [](const HttpRequest&) {
    return HttpResult(HttpAnswer{403,
                                 {},
                                 "<ErrorResponse><Error><Code>AccessDenied</Code></Error>"
                                 "<RequestId>r1</RequestId></ErrorResponse>"});
  };
  EXPECT_EQ(fetch_id(),
            "error: AssumeRole of arn:1 at sts.amazonaws.com: 403 AccessDenied (request r1)");
  EXPECT_EQ(transport.requests.size(), 1U);
}

TEST_F(RoleTest, OfAnotherProfilesWebIdentityCanBeASource) {
  environment.files["/home/u/token"] = "jwt";
  config_file(
      "[default]\nrole_arn = arn:1\nsource_profile = web\n"
      "[profile web]\nrole_arn = arn:2\nweb_identity_token_file = ~/token\n");
  transport.handler = [](const HttpRequest& request) {
    std::string answer = kSts;
    if (body_text(request).find("WebIdentityToken=jwt") != std::string::npos)
      for (std::size_t at = 0; (at = answer.find("AssumeRoleRes", at)) != std::string::npos;
           at += 30)
        answer.replace(at, 10, "AssumeRoleWithWebIdentity");
    return HttpResult(HttpAnswer{200, {}, answer});
  };
  EXPECT_EQ(fetch_id(), "ASIASTS");
  EXPECT_EQ(transport.requests.size(), 2U);
}

TEST_F(ChainTest, DisableConfigLoadAsksTheMachineOnly) {
  environment.variables.insert({{"AWS_ACCESS_KEY_ID", "AKIDENV"},
                                {"AWS_SECRET_ACCESS_KEY", "s"},
                                {"AWS_PROFILE", "nobody"},
                                {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"}});
  credentials_file("[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\n");
  settings.disable_config_load = true;
  transport.handler = [](const HttpRequest&) {
    return HttpResult(HttpAnswer{200, {}, R"({"AccessKeyId":"ASIAECS","SecretAccessKey":"s"})"});
  };
  EXPECT_EQ(fetch_id(), "ASIAECS");
  environment.variables.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  settings.disable_ec2_metadata = true;
  EXPECT_TRUE(fetch_id().starts_with("error: No credentials: disable-config-load is set"));
}

// Otherwise an upload could go on in another account.
TEST_F(ChainTest, StaysWithTheSourceThatItHasFound) {
  environment.variables.insert({{"AWS_ACCESS_KEY_ID", "AKIDENV"}, {"AWS_SECRET_ACCESS_KEY", "s"}});
  credentials_file("[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\n");
  CredentialChain chain(settings, environment, transport, server_clock);
  EXPECT_EQ(chain.fetch().value().access_key_id, "AKIDENV");
  environment.variables.erase("AWS_ACCESS_KEY_ID");
  const auto gone = chain.fetch();
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().what, "The credentials are no longer where they were");
  environment.variables["AWS_ACCESS_KEY_ID"] = "AKIDNEW";
  EXPECT_EQ(chain.fetch().value().access_key_id, "AKIDNEW");
}

}  // namespace
}  // namespace rec::objstore
