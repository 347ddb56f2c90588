// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/crc.h"

#include <gtest/gtest.h>

#include "lib/objstore/crc_tables.h"
#include "lib/objstore/digest.h"
#include "tests/unit/objstore/vectors.h"

namespace rec::objstore {
namespace {

struct Vector {
  std::string data;
  nlohmann::json expected;
};

// Two of the texts are described, not written out.
std::vector<Vector> vectors() {
  std::vector<Vector> out;
  const auto file = read_vectors("crc-vectors.json");
  for (const auto& item : file["vectors"]) {
    std::string data = item["data"];
    if (data == "66560 x \"a\"") data = std::string(66560, 'a');
    if (data == "17 x bytes 0..255") {
      data.clear();
      for (int i = 0; i < 17 * 256; ++i) data += static_cast<char>(i % 256);
    }
    EXPECT_EQ(data.size(), item["len"].get<std::size_t>());
    out.push_back({std::move(data), item});
  }
  EXPECT_EQ(out.size(), 6U);
  return out;
}

template <class Sum>
std::uint64_t sum(std::string_view data) {
  Sum crc;
  crc.update(bytes_of(data));
  return crc.value();
}

std::uint64_t number(const nlohmann::json& text) {
  return std::stoull(text.get<std::string>(), nullptr, 16);
}

TEST(Crc, OfPublishedTexts) {
  for (const auto& [data, expected] : vectors()) {
    EXPECT_EQ(sum<Crc64Xz>(data), number(expected["crc64ecma_hex"])) << data.size();
    EXPECT_EQ(std::to_string(sum<Crc64Xz>(data)), expected["crc64ecma_dec"]);
    EXPECT_EQ(sum<Crc64Nvme>(data), number(expected["crc64nvme_hex"]));
    EXPECT_EQ(sum<Crc32c>(data), number(expected["crc32c_hex"]));
    Crc64Nvme nvme;
    nvme.update(bytes_of(data));
    EXPECT_EQ(nvme.base64(), expected["crc64nvme_b64"]);
    Crc32c c;
    c.update(bytes_of(data));
    EXPECT_EQ(c.base64(), expected["crc32c_b64"]);
  }
}

// Also: in pieces, and with the second piece known by its CRC only. Both at every alignment.
template <class Sum>
void cut_everywhere(const std::string& data) {
  const auto whole = sum<Sum>(data);
  for (std::size_t cut = 0; cut <= data.size(); cut += data.size() > 100 ? 997 : 1) {
    const auto head = bytes_of(data).first(cut);
    const auto tail = bytes_of(data).subspan(cut);
    Sum pieces, second, joined;
    pieces.update(head);
    pieces.update(tail);
    EXPECT_EQ(pieces.value(), whole) << cut;
    second.update(tail);
    joined.update(head);
    joined.append(second.value(), tail.size());
    EXPECT_EQ(joined.value(), whole) << cut;
    EXPECT_EQ(joined.base64(), pieces.base64());
  }
}

TEST(Crc, DoesNotDependOnHowTheBytesCome) {
  for (const auto& vector : vectors()) {
    cut_everywhere<Crc32c>(vector.data);
    cut_everywhere<Crc64Nvme>(vector.data);
    cut_everywhere<Crc64Xz>(vector.data);
  }
}

// Whatever this machine's CPU can do.
TEST(Crc, ByTablesIsTheSame) {
  for (const auto& [data, expected] : vectors())
    EXPECT_EQ(static_cast<std::uint32_t>(
                  ~crc_by_tables<std::uint32_t, 0x82f63b78U>(~std::uint32_t{0}, bytes_of(data))),
              number(expected["crc32c_hex"]));
}

}  // namespace
}  // namespace rec::objstore
