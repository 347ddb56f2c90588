// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The files of tests/data.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace rec::objstore {

// Null if the file cannot be read.
inline nlohmann::json read_vectors(const std::string& name) {
  std::ifstream file(REC_TEST_DATA "/" + name);
  return nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
}

}  // namespace rec::objstore
