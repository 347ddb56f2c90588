// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/multipart_upload.h"

#include <algorithm>

#include "tests/unit/objstore/memory_store.h"
#include "tests/unit/objstore/store_harness.h"

namespace rec::objstore {
namespace {

using Log = std::vector<std::string>;
constexpr char kPath[] = "/room/1.mp4";

UploadPart part(int number, std::string_view text) {
  UploadPart out;
  out.number = number;
  out.body = {std::make_shared<const Bytes>(text.begin(), text.end())};
  out.size = text.size();
  Crc32c crc;
  crc.update(bytes_of(text));
  out.crc32c = crc.base64();
  out.crc32c_bytes = crc.big_endian();
  return out;
}

HttpResult lost() { return TransportError{TransportError::Kind::kBroken, "reset"}; }
HttpResult error(int status, const std::string& code) {
  return HttpAnswer{status, {}, "<Error><Code>" + code + "</Code></Error>"};
}

struct MultipartHarness : StoreHarness {
  UploadSettings settings{.key = "room/1.mp4", .headers = {{"Content-Type", "video/mp4"}}};
  std::vector<std::variant<StoredObject, Failure>> ends;
  std::vector<int> stored_parts;

  std::shared_ptr<MultipartUpload> make(const std::shared_ptr<StoreCalls>& calls) {
    settings.deadline = clock.monotonic() + std::chrono::hours(1);
    return MultipartUpload::create(
        calls, settings,
        {[this](auto end) { ends.push_back(std::move(end)); },
         [this](const UploadedPart& one) { stored_parts.push_back(one.number); }, nullptr});
  }
  const StoredObject& object() const {
    static const StoredObject none;
    EXPECT_EQ(ends.size(), 1U);
    const auto* const found = ends.empty() ? nullptr : std::get_if<StoredObject>(&ends[0]);
    EXPECT_NE(found, nullptr);
    return found ? *found : none;
  }
  Failure end_failure() const {
    EXPECT_EQ(ends.size(), 1U);
    const auto* const found = ends.empty() ? nullptr : std::get_if<Failure>(&ends[0]);
    EXPECT_NE(found, nullptr);
    return found ? *found : Failure{};
  }
};

struct MultipartTest : MultipartHarness {
  MemoryStore store;
  FakeTransport transport;
  std::shared_ptr<StoreCalls> calls = make_calls(transport);
  MultipartTest() {
    transport.handler = [this](const HttpRequest& request) { return store.serve(request); };
  }
  std::shared_ptr<MultipartUpload> upload() { return make(calls); }
  void send(const std::vector<std::string>& parts) {
    const auto u = upload();
    int number = 0;
    for (const auto& text : parts) u->add(part(++number, text));
    u->finish();
    scheduler.run();
  }
  const std::string* header(const std::string& what, const char* name) const {
    for (std::size_t i = 0; i < store.log.size(); ++i)
      if (store.log[i] == what) return find_header(transport.requests[i].headers, name);
    return nullptr;
  }
};

TEST_F(MultipartTest, WhatEndsBeforeOnePartIsFullIsOnePut) {
  upload()->finish(part(1, "abc"));
  EXPECT_EQ(store.log, Log{"PUT"});
  EXPECT_EQ(store.objects[kPath].bytes, "abc");
  EXPECT_EQ(object().etag, "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(object().size, 3U);
  EXPECT_EQ(*header("PUT", "If-None-Match"), "*");
  EXPECT_EQ(*header("PUT", "Content-Type"), "video/mp4");
  EXPECT_EQ(*header("PUT", "x-amz-checksum-crc32c"), part(1, "abc").crc32c);
}

TEST_F(MultipartTest, NothingIsAnEmptyObject) {
  upload()->finish();
  EXPECT_EQ(store.log, Log{"PUT"});
  EXPECT_EQ(store.objects[kPath].bytes, "");
  EXPECT_EQ(object().etag, "d41d8cd98f00b204e9800998ecf8427e");
}

TEST_F(MultipartTest, PartsBecomeOneObject) {
  send({"aaaaa", "bbbbb", "cc"});
  EXPECT_EQ(store.log,
            (Log{"POST create", "PUT part 1", "PUT part 2", "PUT part 3", "POST complete"}));
  EXPECT_EQ(store.objects[kPath].bytes, "aaaaabbbbbcc");
  EXPECT_EQ(object().size, 12U);
  EXPECT_EQ(object().etag, store.objects[kPath].etag);
  EXPECT_TRUE(store.uploads.empty());
  EXPECT_EQ(stored_parts, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(*header("POST create", "Content-Type"), "video/mp4");
  EXPECT_EQ(*header("POST create", "x-amz-checksum-algorithm"), "CRC32C");
  EXPECT_EQ(*header("PUT part 1", "x-amz-checksum-crc32c"), part(1, "aaaaa").crc32c);
  EXPECT_EQ(*header("PUT part 1", "x-amz-sdk-checksum-algorithm"), "CRC32C");
  EXPECT_EQ(*header("POST complete", "If-None-Match"), "*");
  EXPECT_NE(body_text(transport.requests.back()).find("<ChecksumCRC32C>"), std::string::npos);
}

TEST_F(MultipartTest, OverwritesOnlyWhenTold) {
  store.objects[kPath] = {"somebody's", "e"};
  send({"aaaaa", "b"});
  EXPECT_EQ(end_failure().kind, FailureClass::kExists);
  EXPECT_EQ(store.objects[kPath].bytes, "somebody's");
  ends.clear();
  settings.overwrite = true;
  send({"aaaaa", "b"});
  EXPECT_EQ(store.objects[kPath].bytes, "aaaaab");
  EXPECT_EQ(object().size, 6U);
}

TEST_F(MultipartTest, TheHeadCanBeRewrittenAndIsSentOnceMore) {
  const auto u = upload();
  u->add(part(1, "head0"));
  u->add(part(2, "bbbbb"));
  u->add(part(1, "head1"));
  u->add(part(1, "head2"));
  EXPECT_EQ(u->unconfirmed_bytes(), 5U);
  u->add(part(3, "c"));
  u->finish();
  EXPECT_EQ(store.objects[kPath].bytes, "head2bbbbbc");
  EXPECT_EQ(std::count(store.log.begin(), store.log.end(), "PUT part 1"), 2);
  EXPECT_EQ(object().size, 11U);
  EXPECT_EQ(u->unconfirmed_bytes(), 0U);
}

TEST_F(MultipartTest, ASuccessThatIsAnErrorIsTriedAgain) {
  int errors = 2;
  store.fault = [&](const std::string& what, bool after) -> std::optional<HttpResult> {
    if (what != "POST complete" || after || errors-- <= 0) return std::nullopt;
    return error(200, "InternalError");
  };
  send({"aaaaa", "b"});
  EXPECT_EQ(store.objects[kPath].bytes, "aaaaab");
  EXPECT_EQ(object().size, 6U);
}

// The store has done it, and nobody heard: then the upload is unknown, or the object exists.
TEST_F(MultipartTest, ALostAnswerToCompleteIsFoundOutByComparing) {
  for (const bool overwrite : {false, true}) {
    store.objects.clear();
    ends.clear();
    settings.overwrite = overwrite;
    bool once = true;
    store.fault = [&](const std::string& what, bool after) -> std::optional<HttpResult> {
      if (what != "POST complete" || !after || !std::exchange(once, false)) return std::nullopt;
      return lost();
    };
    send({"aaaaa", "b"});
    EXPECT_EQ(store.log.back(), "HEAD");
    EXPECT_EQ(object().etag, store.objects[kPath].etag);
  }
}

TEST_F(MultipartTest, ALostAnswerToPutIsFoundOutByComparing) {
  bool once = true;
  store.fault = [&](const std::string& what, bool after) -> std::optional<HttpResult> {
    if (what != "PUT" || !after || !std::exchange(once, false)) return std::nullopt;
    return lost();
  };
  upload()->finish(part(1, "abc"));
  scheduler.run();
  EXPECT_EQ(store.log, (Log{"PUT", "PUT", "HEAD"}));
  EXPECT_EQ(object().etag, "900150983cd24fb0d6963f7d28e17f72");
}

HttpResult completed(const std::string& fields) {
  return HttpAnswer{
      200, {}, "<CompleteMultipartUploadResult>" + fields + "</CompleteMultipartUploadResult>"};
}

// Ceph says an empty ETag, encryption makes it something else.
TEST_F(MultipartTest, AnAnswerThatSaysLittleIsVerified) {
  for (const char* said : {"<ETag></ETag>", "<ETag>\"0123-2\"</ETag>"}) {
    store.objects.clear();
    ends.clear();
    store.fault = [&](const std::string& what, bool after) -> std::optional<HttpResult> {
      if (what != "POST complete" || !after) return std::nullopt;
      return completed(said);
    };
    send({"aaaaa", "b"});
    EXPECT_EQ(store.log.back(), "HEAD");
    EXPECT_EQ(object().etag, store.objects[kPath].etag);
  }
}

TEST_F(MultipartTest, WhoMayNotLookBelievesTheStore) {
  store.fault = [&](const std::string& what, bool after) -> std::optional<HttpResult> {
    if (what == "HEAD") return HttpAnswer{403, {}, {}};
    if (what != "POST complete" || !after) return std::nullopt;
    return completed("<ETag></ETag>");
  };
  send({"aaaaa", "b"});
  EXPECT_EQ(object().etag, "");
}

TEST_F(MultipartTest, AnObjectThatIsNotWhatWasSentIsAnError) {
  std::string said = "<ETag></ETag>";
  store.fault = [&](const std::string& what, bool after) -> std::optional<HttpResult> {
    if (what != "POST complete" || !after) return std::nullopt;
    store.objects[kPath].bytes.pop_back();
    return completed(said);
  };
  send({"aaaaa", "b"});
  EXPECT_EQ(end_failure().service.code, "SizeMismatch");
  ends.clear();
  store.objects.clear();
  said = "<ETag></ETag><ChecksumCRC32C>AAAAAA==-2</ChecksumCRC32C>";
  send({"aaaaa", "b"});
  EXPECT_EQ(end_failure().service.code, "BadDigest");
}

// Published by nobody: CRC-32C of the two parts' big-endian CRC-32Cs, computed apart.
TEST_F(MultipartTest, TheChecksumOfChecksumsIsCompared) {
  store.fault = [&](const std::string& what, bool after) -> std::optional<HttpResult> {
    if (what != "POST complete" || !after) return std::nullopt;
    return completed("<ETag></ETag><ChecksumCRC32C>z8fdiQ==-2</ChecksumCRC32C>");
  };
  send({"123456789", "123456789"});
  EXPECT_EQ(object().size, 18U);
}

TEST_F(MultipartTest, AnUploadThatIsGoneWithoutItsObjectIsAnError) {
  store.fault = [&](const std::string& what, bool after) -> std::optional<HttpResult> {
    if (what == "POST complete" && !after) store.uploads.clear();  // a lifecycle rule
    return std::nullopt;
  };
  send({"aaaaa", "b"});
  EXPECT_EQ(end_failure().service.code, "NoSuchUpload");
}

TEST_F(MultipartTest, PartsAreSentAgainUntilTheyHaveArrived) {
  int faults = 6;
  store.fault = [&](const std::string& what, bool after) -> std::optional<HttpResult> {
    if (!what.starts_with("PUT part") || faults <= 0) return std::nullopt;
    if (after != (faults % 2 == 0)) return std::nullopt;
    return --faults % 3 == 0 ? lost() : error(503, "SlowDown");
  };
  send({"aaaaa", "bbbbb", "c"});
  EXPECT_EQ(faults, 0);
  EXPECT_EQ(store.objects[kPath].bytes, "aaaaabbbbbc");
}

TEST_F(MultipartTest, AChecksumThatDiffersIsNoSuccess) {
  int wrong = 2;
  store.fault = [&](const std::string& what, bool after) -> std::optional<HttpResult> {
    if (what != "PUT part 2" || !after || wrong-- <= 0) return std::nullopt;
    return HttpAnswer{200, {{"ETag", "\"x\""}, {"x-amz-checksum-crc32c", "AAAAAA=="}}, {}};
  };
  send({"aaaaa", "b"});
  EXPECT_EQ(store.objects[kPath].bytes, "aaaaab");
  ends.clear();
  store.objects.clear();
  wrong = 100;
  send({"aaaaa", "b"});
  EXPECT_EQ(end_failure().service.code, "BadDigest");
}

TEST_F(MultipartTest, APartWithoutAnETagCannotBeCompleted) {
  store.fault = [](const std::string& what, bool after) -> std::optional<HttpResult> {
    if (what != "PUT part 1" || !after) return std::nullopt;
    return HttpAnswer{200, {}, {}};
  };
  send({"aaaaa", "b"});
  EXPECT_EQ(end_failure().service.code, "MissingETag");
}

TEST_F(MultipartTest, StoresWithoutChecksumsGetNone) {
  bool once = true;
  store.fault = [&](const std::string& what, bool after) -> std::optional<HttpResult> {
    if (what != "POST create" || after || !std::exchange(once, false)) return std::nullopt;
    return error(501, "NotImplemented");
  };
  send({"aaaaa", "b"});
  EXPECT_EQ(store.objects[kPath].bytes, "aaaaab");
  EXPECT_EQ(header("PUT part 1", "x-amz-checksum-crc32c"), nullptr);
  EXPECT_EQ(body_text(transport.requests.back()).find("ChecksumCRC32C"), std::string::npos);
}

TEST_F(MultipartTest, AFailureEndsItAndAbortForgetsIt) {
  store.fault = [](const std::string& what, bool) -> std::optional<HttpResult> {
    if (what != "PUT part 2") return std::nullopt;
    return error(403, "AccessDenied");
  };
  const auto u = upload();
  u->add(part(1, "aaaaa"));
  u->add(part(2, "b"));
  u->add(part(3, "c"));
  u->finish();
  EXPECT_EQ(end_failure().service.code, "AccessDenied");
  EXPECT_EQ(store.uploads.size(), 1U);
  u->abort(clock.monotonic() + std::chrono::hours(1));
  EXPECT_TRUE(store.uploads.empty());
  EXPECT_EQ(store.log.back(), "DELETE upload");
  u->abort(clock.monotonic() + std::chrono::hours(1));
  EXPECT_EQ(std::count(store.log.begin(), store.log.end(), "DELETE upload"), 1);
  EXPECT_EQ(ends.size(), 1U);
  EXPECT_TRUE(store.objects.empty());
}

struct HeldMultipartTest : MultipartHarness {
  HeldTransport transport;
  MemoryStore store;
  std::shared_ptr<StoreCalls> calls = make_calls(transport);
  void serve(Transport::Id id) { transport.answer(id, store.serve(transport.held.at(id).request)); }
  void serve_all() {
    while (!transport.held.empty()) serve(transport.held.begin()->first);
  }
};

TEST_F(HeldMultipartTest, AtMostSoManyPartsAtOnce) {
  settings.max_parallel_parts = 2;
  const auto u = make(calls);
  for (int i = 1; i <= 6; ++i) u->add(part(i, "xxxxx"));
  EXPECT_EQ(transport.held.size(), 1U);  // the upload is being created
  serve(1);
  EXPECT_EQ(transport.held.size(), 2U);
  serve(3);  // in any order
  EXPECT_EQ(transport.held.size(), 2U);
  u->finish();
  serve_all();
  EXPECT_EQ(object().size, 30U);
}

TEST_F(HeldMultipartTest, AHeadThatIsRewrittenWhileItIsSentIsSentAgain) {
  const auto u = make(calls);
  u->add(part(1, "head0"));
  serve(1);
  u->add(part(1, "head1"));
  u->finish();
  serve_all();
  EXPECT_EQ(store.objects[kPath].bytes, "head1");
  EXPECT_EQ(object().size, 5U);
}

TEST_F(HeldMultipartTest, AbortCancelsWhatIsUnderWay) {
  const auto u = make(calls);
  u->add(part(1, "aaaaa"));
  serve(1);
  EXPECT_FALSE(u->upload_id().empty());
  u->abort(clock.monotonic() + std::chrono::hours(1));
  EXPECT_EQ(transport.cancelled, std::vector<Transport::Id>{2});
  EXPECT_EQ(end_failure().kind, FailureClass::kCancelled);
  serve_all();
  EXPECT_TRUE(store.uploads.empty());
}

TEST_F(HeldMultipartTest, AnUploadThatIsBeingCreatedIsForgottenOnceItIsThere) {
  const auto u = make(calls);
  u->add(part(1, "aaaaa"));
  u->abort(clock.monotonic() + std::chrono::hours(1));
  EXPECT_EQ(end_failure().kind, FailureClass::kCancelled);
  EXPECT_TRUE(transport.cancelled.empty());
  serve_all();
  EXPECT_EQ(store.log, (Log{"POST create", "DELETE upload"}));
  EXPECT_TRUE(store.uploads.empty());
  EXPECT_EQ(ends.size(), 1U);
}

}  // namespace
}  // namespace rec::objstore
