// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/objstore/environment.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/objstore/fakes.h"

namespace rec::objstore {
namespace {

using Words = std::vector<std::string>;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SplitCommand, CutsAsAShellDoes) {
  EXPECT_EQ(split_command("  get-keys --for  rec\t-v "), (Words{"get-keys", "--for", "rec", "-v"}));
  EXPECT_EQ(split_command("a 'b c' \"d 'e' f\" g\\ h"), (Words{"a", "b c", "d 'e' f", "g h"}));
  EXPECT_EQ(split_command("a'b'\"c\"d ''"), (Words{"abcd", ""}));
  EXPECT_EQ(split_command(R"("a\"b\\c\d" '\')"), (Words{"a\"b\\c\\d", "\\"}));
  EXPECT_EQ(split_command("$HOME `x` ; | &"), (Words{"$HOME", "`x`", ";", "|", "&"}));
  EXPECT_EQ(split_command(""), Words{});
  for (const char* bad : {"'a", "\"a", "a\\", "\"a\\\""})
    EXPECT_EQ(split_command(bad), std::nullopt) << bad;
}

TEST(Environment, AnEmptyVariableIsNone) {
  const auto& environment = process_environment();
  ASSERT_EQ(setenv("REC_TEST_VARIABLE", "x", 1), 0);
  EXPECT_EQ(environment.variable("REC_TEST_VARIABLE"), "x");
  ASSERT_EQ(setenv("REC_TEST_VARIABLE", "", 1), 0);
  EXPECT_EQ(environment.variable("REC_TEST_VARIABLE"), std::nullopt);
  ASSERT_EQ(unsetenv("REC_TEST_VARIABLE"), 0);
  EXPECT_EQ(environment.variable("REC_TEST_VARIABLE"), std::nullopt);
  EXPECT_TRUE(is_true("TRUE"));
  EXPECT_FALSE(is_true("1"));
  EXPECT_FALSE(is_true(std::nullopt));
}

TEST(Environment, ATildeIsTheHomeDirectory) {
  const FakeEnvironment environment;
  EXPECT_EQ(expand_home(environment, "~/.aws/config"), "/home/u/.aws/config");
  EXPECT_EQ(expand_home(environment, "~other/x"), "~other/x");
  EXPECT_EQ(expand_home(environment, "/a/~/b"), "/a/~/b");
}

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "objstore-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path = name;
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

TEST(Environment, ReadsOrdinaryFilesUpToALimit) {
  const Directory directory;
  const auto path = (directory.path / "f").string();
  std::ofstream(path) << std::string(10'000, 'x');
  const auto& environment = process_environment();
  const auto whole = environment.read_file(path, 10'000);
  ASSERT_TRUE(whole) << whole.error().what;
  EXPECT_EQ(whole.value(), std::string(10'000, 'x'));
  EXPECT_FALSE(environment.read_file(path, 9'999));
  const auto missing = environment.read_file(path + "/x", 10);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, Error::Kind::kNotFound);
  EXPECT_FALSE(environment.read_file(directory.path.string(), 10));
  const auto fifo = (directory.path / "fifo").string();
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);  // nobody writes: opening it must not wait
  EXPECT_FALSE(environment.read_file(fifo, 10));
}

TEST(HelperProcess, GivesWhatTheProgramWrites) {
  const auto& environment = process_environment();
  const auto output = environment.run(
      {"sh", "-c", "echo \"$0 $1\"; echo hidden >&2; cat", "a b", "c"}, seconds(20));
  ASSERT_TRUE(output) << output.error().what;
  EXPECT_EQ(output.value(), "a b c\n");  // cat: standard input is empty
}

TEST(HelperProcess, SaysHowItFailedAndNothingThatItWrote) {
  const auto& environment = process_environment();
  const auto failure = [&](const Words& command, milliseconds limit) {
    const auto output = environment.run(command, limit);
    return output ? "worked" : output.error().what;
  };
  EXPECT_EQ(failure({"sh", "-c", "echo geheim; exit 3"}, seconds(20)),
            "The credential process \"sh\" ended with code 3");
  EXPECT_EQ(failure({"sh", "-c", "kill -9 $$"}, seconds(20)),
            "The credential process \"sh\" was killed by signal 9");
  EXPECT_EQ(failure({"/nonexistent/program"}, seconds(20)),
            "The credential process \"/nonexistent/program\" cannot be started: No such file or "
            "directory");
  EXPECT_FALSE(environment.run({}, seconds(20)));
  EXPECT_EQ(failure({"sh", "-c", "yes geheim"}, seconds(20)),
            "The credential process \"sh\" did not end in time, or wrote too much");
}

TEST(HelperProcess, GetsNoMoreThanItsTime) {
  const auto output = process_environment().run({"sleep", "1000"}, milliseconds(50));
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().what,
            "The credential process \"sleep\" did not end in time, or wrote too much");
}

// What it has started would keep the output open, and run on.
TEST(HelperProcess, IsKilledWithItsChildren) {
  const Directory directory;
  const auto fifo = (directory.path / "fifo").string();
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const int reader = open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  // The grandchild holds the FIFO from before its first output, which is too much, to its end.
  EXPECT_FALSE(process_environment().run(
      {"sh", "-c", "sh -c 'exec 3>" + fifo + "; head -c 100000 /dev/zero; exec sleep 1000' & wait"},
      seconds(20)));
  pollfd ended{reader, POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, 20'000), 1);
  EXPECT_NE(ended.revents & POLLHUP, 0);
  close(reader);
}

}  // namespace
}  // namespace rec::objstore
