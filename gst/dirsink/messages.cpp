// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/dirsink/messages.h"

#include <cerrno>

namespace rec::dirsink {
namespace {

// A path is bytes, a string of a GstStructure is UTF-8.
std::string displayed(const std::string& path) {
  if (g_utf8_validate(path.c_str(), -1, nullptr)) return path;
  char* name = g_filename_display_name(path.c_str());
  std::string result = name;
  g_free(name);
  return result;
}

GstStructure* named(const char* name, const std::string& key, const std::string& path) {
  GstStructure* s = gst_structure_new(name, "key", G_TYPE_STRING, displayed(key).c_str(), "path",
                                      G_TYPE_STRING, displayed(path).c_str(), nullptr);
  if (char* uri = g_filename_to_uri(path.c_str(), nullptr, nullptr)) {
    gst_structure_set(s, "uri", G_TYPE_STRING, uri, nullptr);
    g_free(uri);
  }
  return s;
}

void set_time(GstStructure* s, const char* field, GstClockTime value) {
  if (GST_CLOCK_TIME_IS_VALID(value))
    gst_structure_set(s, field, G_TYPE_UINT64, guint64{value}, nullptr);
}

const char* remedy(int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT: return "Free some space, or choose another directory";
    case EACCES:
    case EPERM: return "Give this user the right to write there, or choose another directory";
    case EROFS: return "Mount the file system for writing, or choose another directory";
    case ENOENT: return "Put the directory back: somebody has removed it";
    case ENOTDIR: return "Move away the file that is in the way of a directory";
    case EEXIST: return "Remove the file, or set on-exists=rename";
    default: return "Look at the disk and the system's log";
  }
}

GstResourceError resource_code(int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT: return GST_RESOURCE_ERROR_NO_SPACE_LEFT;
    case EACCES:
    case EPERM:
    case EROFS: return GST_RESOURCE_ERROR_NOT_AUTHORIZED;
    case ENOENT:
    case ENOTDIR: return GST_RESOURCE_ERROR_NOT_FOUND;
    case EEXIST: return GST_RESOURCE_ERROR_OPEN_WRITE;
    default: return GST_RESOURCE_ERROR_WRITE;
  }
}

}  // namespace

GstStructure* opened_structure(const std::string& key, const std::string& path) {
  return named("object-opened", key, path);
}

GstStructure* stored_structure(const StoredObject& object) {
  GstStructure* s = named("object-stored", object.key, object.path);
  gst_structure_set(s, "bytes", G_TYPE_UINT64, guint64{object.bytes}, "etag", G_TYPE_STRING, "",
                    "whole", G_TYPE_BOOLEAN, object.whole, nullptr);
  set_time(s, "start-utc", object.start_utc);
  set_time(s, "end-utc", object.end_utc);
  set_time(s, "duration", object.duration);
  return s;
}

GstStructure* failed_structure(const FailedObject& object) {
  GstStructure* s = named("object-failed", object.key, object.path);
  gst_structure_set(s, "reason", G_TYPE_STRING, reason_of(object).c_str(), "errno", G_TYPE_INT,
                    object.code, nullptr);
  if (object.bytes) gst_structure_set(s, "bytes", G_TYPE_UINT64, guint64{*object.bytes}, nullptr);
  return s;
}

GstStructure* full_structure(const FullObject& object) {
  GstStructure* s = named("object-full", object.key, object.path);
  gst_structure_set(s, "reason", G_TYPE_STRING, g_strerror(object.code), "errno", G_TYPE_INT,
                    object.code, "bytes", G_TYPE_UINT64, guint64{object.bytes}, nullptr);
  return s;
}

std::string reason_of(const FailedObject& object) {
  return object.reason.empty() ? g_strerror(object.code) : object.reason;
}

DiskTrouble disk_trouble(const std::string& path, int code) {
  return {resource_code(code), "Could not write \"" + displayed(path) + "\": " + g_strerror(code) +
                                   ". " + remedy(code) + "."};
}

}  // namespace rec::dirsink
