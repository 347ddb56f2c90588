// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A store in memory that answers PutObject and multipart uploads as the S3 reference says. One
// answer at a time can be replaced by another.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "lib/objstore/digest.h"
#include "lib/objstore/xml_reader.h"
#include "tests/unit/objstore/fakes.h"

namespace rec::objstore {

class MemoryStore {  // one thread
 public:
  struct Object {
    std::string bytes;
    std::string etag;
  };
  std::map<std::string, Object> objects;  // by path
  std::map<std::string, std::map<int, Object>> uploads;
  std::vector<std::string> log;  // "PUT part 1", "POST complete"
  // Decides before (`false`) or after (`true`) the store has acted; nothing: its own answer.
  std::function<std::optional<HttpResult>(const std::string& what, bool after)> fault;

  HttpResult serve(const HttpRequest& request) {
    const auto what = name_of(request);
    log.push_back(what);
    if (fault)
      if (auto instead = fault(what, false)) return *instead;
    auto answer = act(request);
    if (fault)
      if (auto instead = fault(what, true)) return *instead;
    return answer;
  }

 private:
  static std::string query(const HttpRequest& request, const std::string& name) {
    for (const auto& [key, value] : request.query)
      if (key == name) return value;
    return {};
  }
  static std::string name_of(const HttpRequest& request) {
    const auto part = query(request, "partNumber");
    if (!part.empty()) return request.method + " part " + part;
    if (request.query.empty()) return request.method;
    if (request.method == "POST")
      return request.query.front().first == "uploads" ? "POST create" : "POST complete";
    return request.method + " upload";
  }
  static HttpAnswer error(int status, const std::string& code) {
    return {status, {}, "<Error><Code>" + code + "</Code></Error>"};
  }
  static std::string quoted(const std::string& etag) { return "\"" + etag + "\""; }

  bool refused(const HttpRequest& request) const {
    return find_header(request.headers, "If-None-Match") && objects.contains(request.path);
  }

  HttpAnswer act(const HttpRequest& request) {
    const auto id = query(request, "uploadId");
    if (!id.empty() && !uploads.contains(id)) return error(404, "NoSuchUpload");
    if (request.method == "HEAD") return head(request);
    if (request.method == "DELETE") {
      uploads.erase(id);
      return {204, {}, {}};
    }
    if (request.method == "POST") return id.empty() ? create() : complete(request, id);
    const auto bytes = body_text(request);
    const Object object{bytes, hex(md5(bytes_of(bytes)))};
    if (id.empty()) {
      if (refused(request)) return error(412, "PreconditionFailed");
      objects[request.path] = object;
    } else {
      uploads[id][std::stoi(query(request, "partNumber"))] = object;
    }
    return {200, {{"ETag", quoted(object.etag)}}, {}};
  }

  HttpAnswer head(const HttpRequest& request) const {
    const auto found = objects.find(request.path);
    if (found == objects.end()) return {404, {}, {}};
    return {200,
            {{"ETag", quoted(found->second.etag)},
             {"Content-Length", std::to_string(found->second.bytes.size())}},
            {}};
  }

  HttpAnswer create() {
    const std::string id = "upload/" + std::to_string(++last_id_) + "+=";
    uploads[id];
    return {200,
            {},
            "<InitiateMultipartUploadResult><UploadId>" + id +
                "</UploadId></InitiateMultipartUploadResult>"};
  }

  HttpAnswer complete(const HttpRequest& request, const std::string& id) {
    if (refused(request)) return error(412, "PreconditionFailed");
    const auto document = XmlDocument::parse(body_text(request));
    if (!document) return error(400, "MalformedXML");
    Object whole;
    Bytes sums;
    int last = 0;
    const auto listed = document->root().children("Part");
    for (const auto& element : listed) {
      const int number = std::stoi(element.text("PartNumber"));
      if (number <= last) return error(400, "InvalidPartOrder");
      last = number;
      const auto part = uploads[id].find(number);
      if (part == uploads[id].end() || element.text("ETag") != quoted(part->second.etag))
        return error(400, "InvalidPart");
      whole.bytes += part->second.bytes;
      const auto sum = md5(bytes_of(part->second.bytes));
      sums.insert(sums.end(), sum.begin(), sum.end());
    }
    whole.etag = hex(md5(sums)) + "-" + std::to_string(listed.size());
    objects[request.path] = whole;
    uploads.erase(id);
    return {200,
            {},
            "<CompleteMultipartUploadResult><ETag>&quot;" + whole.etag +
                "&quot;</ETag></CompleteMultipartUploadResult>"};
  }

  int last_id_ = 0;
};

}  // namespace rec::objstore
