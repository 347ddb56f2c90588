// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "bench/job.h"

namespace rec::bench {

// What came of one path: its rounds, and the instructions if they were counted.
struct Row {
  Path path;
  std::vector<Outcome> rounds;
  double instructions = 0;  // millions, per second of media

  Outcome median() const;  // of each number
};

void print_full_speed(const std::vector<Row>& rows);
void print_live(const std::vector<Row>& rows, unsigned recordings, double fragment_mib);
void print_instructions(const std::vector<Row>& rows);

}  // namespace rec::bench
