// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/table.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace rec::bench {
namespace {

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

const Row* find(const std::vector<Row>& rows, const char* name) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
    return std::strcmp(row.path.name, name) == 0;
  });
  return found == rows.end() ? nullptr : &*found;
}

// What the row takes anyway. ffmpeg has no floor: its processes read a file instead.
const Row* floor_of(const std::vector<Row>& rows, const Row& row) {
  const Row* floor = find(rows, kFloor);
  return row.path.description && &row != floor ? floor : nullptr;
}

template <class Value>
double beyond(const std::vector<Row>& rows, const Row& row, Value value) {
  const Row* floor = floor_of(rows, row);
  return value(row) - (floor ? value(*floor) : 0);
}

// What is beyond the floor, as a multiple of what the peer takes beyond it.
template <class Value>
std::string ratio(const std::vector<Row>& rows, const Row& row, Value value) {
  const Row* peer = find(rows, kPeer);
  if (!peer || !find(rows, kFloor) || &row == find(rows, kFloor)) return "-";
  char text[20];
  std::snprintf(text, sizeof text, "%.2f", beyond(rows, row, value) / beyond(rows, *peer, value));
  return text;
}

double cpu(const Row& row) { return row.median().total(); }

}  // namespace

Outcome Row::median() const {
  const auto of = [this](double Outcome::*number) {
    std::vector<double> values;
    for (const Outcome& round : rounds) values.push_back(round.*number);
    return median_of(std::move(values));
  };
  return {.user = of(&Outcome::user),
          .system = of(&Outcome::system),
          .switches = of(&Outcome::switches),
          .threads = of(&Outcome::threads),
          .resident = of(&Outcome::resident),
          .written = of(&Outcome::written)};
}

void print_full_speed(const std::vector<Row>& rows) {
  std::printf("%-44s %9s %8s %8s %9s\n", "CPU ms per second of media", "total", "user", "system",
              "x mp4mux");
  for (const Row& row : rows) {
    const Outcome o = row.median();
    std::printf("%-44s %9.3f %8.3f %8.3f %9s\n", row.path.label, o.total(), o.user, o.system,
                ratio(rows, row, cpu).c_str());
  }
}

void print_live(const std::vector<Row>& rows, unsigned recordings, double fragment_mib) {
  std::printf("%-44s %9s %9s %9s %9s %9s %9s\n", "CPU ms per second of media", "total", "beyond",
              "x mp4mux", "switches", "threads", "MiB");
  for (const Row& row : rows) {
    const auto number = [&](double Outcome::*which) {
      return beyond(rows, row, [which](const Row& r) { return r.median().*which; });
    };
    char more[20] = "-";
    if (floor_of(rows, row)) std::snprintf(more, sizeof more, "%.3f", beyond(rows, row, cpu));
    std::printf("%-44s %9.3f %9s %9s %9.1f %9.2f %9.2f\n", row.path.label, cpu(row), more,
                ratio(rows, row, cpu).c_str(), number(&Outcome::switches),
                number(&Outcome::threads) / recordings, number(&Outcome::resident) / recordings);
  }
  std::printf(
      "Beyond, ratio, switches, threads, MiB: without what the floor takes, whose own are in its "
      "row. "
      "Threads, MiB: of a recording. A fragment of 1 s has %.2f MiB.\n",
      fragment_mib);
}

void print_instructions(const std::vector<Row>& rows) {
  const auto value = [](const Row& row) { return row.instructions; };
  std::printf("%-44s %9s %9s\n", "million instructions per second of media", "total", "x mp4mux");
  for (const Row& row : rows)
    if (row.path.description)
      std::printf("%-44s %9.3f %9s\n", row.path.label, row.instructions,
                  ratio(rows, row, value).c_str());
}

}  // namespace rec::bench
