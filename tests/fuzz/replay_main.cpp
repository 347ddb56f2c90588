// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Feeds every file of a corpus to a fuzz target, so that what fuzzing found stays found with any
// compiler: REPLAY DIRECTORY. Fails if there is no file.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: %s CORPUS\n", argv[0]), 2;
  std::error_code error;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1], error)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
    // Not text itself: an allocation of just that size lets AddressSanitizer see every overrun.
    const auto exact = std::make_unique<std::uint8_t[]>(text.size());
    std::copy(text.begin(), text.end(), exact.get());
    std::fprintf(stderr, "%s\n", entry.path().filename().c_str());  // the last one names a crash
    LLVMFuzzerTestOneInput(exact.get(), text.size());
    ++files;
  }
  std::printf("%zu inputs\n", files);
  return error || files == 0 ? 1 : 0;
}
