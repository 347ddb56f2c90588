// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/record/tags.h"

#include <gst/tag/tag.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rec::record {
namespace {

constexpr gssize kLongestText = 4096;  // bytes: it stands in the file twice

// What can be read of it by everybody.
std::string text_of(const GstTagList* list, const char* tag) {
  g_autofree gchar* value = nullptr;
  if (!gst_tag_list_get_string(list, tag, &value)) return {};
  const gchar* end = value;
  const auto length = std::min<gssize>(static_cast<gssize>(strlen(value)), kLongestText);
  g_utf8_validate(value, length, &end);  // a character that is cut is left out
  return {value, static_cast<std::size_t>(end - value)};
}

std::optional<Orientation> orientation_of(std::string_view name) {  // "flip-rotate-90"
  constexpr std::string_view kFlip = "flip-";
  Orientation orientation;
  orientation.mirrored = name.starts_with(kFlip);
  if (orientation.mirrored) name.remove_prefix(kFlip.size());
  for (const auto& [turn, degrees] : {std::pair{"rotate-0", 0}, std::pair{"rotate-90", 90},
                                      std::pair{"rotate-180", 180}, std::pair{"rotate-270", 270}}) {
    orientation.degrees = static_cast<std::uint16_t>(degrees);
    if (name == turn) return orientation;
  }
  return std::nullopt;
}

// ISO 639-2/T of "de", "ger" or "de-AT".
std::string language_of(const std::string& code) {
  g_autofree gchar* small = g_ascii_strdown(code.c_str(), -1);
  small[strcspn(small, "-_")] = 0;
  const gchar* language = gst_tag_get_language_code_iso_639_2T(small);
  return language ? language : "und";
}

}  // namespace

void read_track_tags(const GstTagList* list, TrackTags& tags) {
  if (const auto name = text_of(list, GST_TAG_IMAGE_ORIENTATION); !name.empty())
    tags.orientation = orientation_of(name).value_or(tags.orientation);
  if (const auto code = text_of(list, GST_TAG_LANGUAGE_CODE); !code.empty())
    tags.language = language_of(code);
}

void read_movie_tags(const GstTagList* list, bool of_stream, MovieTags& tags) {
  if (auto title = text_of(list, GST_TAG_TITLE); !title.empty()) tags.title = std::move(title);
  auto comment = text_of(list, GST_TAG_COMMENT);
  // Sources describe themselves: audiotestsrc is a "sine wave".
  if (comment.empty() && !of_stream) comment = text_of(list, GST_TAG_DESCRIPTION);
  if (!comment.empty()) tags.comment = std::move(comment);
}

}  // namespace rec::record
