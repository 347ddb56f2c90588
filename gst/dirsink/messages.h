// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The element messages that dirsink posts, and its remarks about the disk. Fields, by message:
//
//   object-opened   a file has been created and its first bytes are on their way
//     key         string   as in the object stream; `location` for a plain byte stream
//     path        string   absolute; differs from root/key if that name was taken
//     uri         string   file:// URI of `path`
//
//   object-stored   the file is complete and closed (for a `replace` object: each version)
//     key, path, uri       as above
//     bytes       uint64   size of the file
//     etag        string   empty: files have none
//     whole       boolean  FALSE: the stream or the run ended before the object did; the file ends
//                          with the last whole unit
//     start-utc   uint64   ns since 1970-01-01T00:00:00Z; only if the producer said so
//     end-utc     uint64   likewise
//     duration    uint64   ns of media; likewise
//
//   object-failed   the object will get no more bytes
//     key, path, uri       as above; of the name that was tried
//     reason      string   what happened, in the words of the system
//     errno       int      its number
//     bytes       uint64   size of what is whole and stays in the file; 0: no file is left;
//                          absent when the disk has not said yet (reason "queue full")
//
//   object-full     the disk has room for the end of the object only: the producer ends it, and
//   begins
//                   another one when there is more
//     key, path, uri       as above
//     reason, errno        likewise
//     bytes       uint64   size of the file so far
#pragma once

#include <gst/gst.h>

#include <string>

#include "gst/dirsink/listener.h"

namespace rec::dirsink {

// Structures for gst_message_new_element(); (transfer full).
GstStructure* opened_structure(const std::string& key, const std::string& path);
GstStructure* stored_structure(const StoredObject& object);
GstStructure* failed_structure(const FailedObject& object);

GstStructure* full_structure(const FullObject& object);

std::string reason_of(const FailedObject& object);

// "Could not write "/path": No space left on device. Free some space." as a GStreamer error.
struct DiskTrouble {
  GstResourceError code;
  std::string text;
};
DiskTrouble disk_trouble(const std::string& path, int code);

}  // namespace rec::dirsink
