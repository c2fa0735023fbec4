// Shows that job types are found among plugins, described without being loaded here, kept in the store, and
// that bad plugins are reported and harm nothing.
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "capsule/rig.hpp"
#include "edge/capsules/link/build.hpp"

namespace godwit::testing {
namespace {

class CatalogueOf : public ::testing::Test {
 protected:
  Result<std::vector<JobType>> find(PluginCatalogue& catalogue, std::string const& type) {
    catalogue.find(RequestId{3}, type);
    pollfd readable{catalogue.wait_fd(), POLLIN, 0};
    invariant(::poll(&readable, 1, 60'000) > 0, "the catalogue said nothing in a minute");
    auto found = catalogue.poll();
    EXPECT_EQ(found.size(), 1U);
    EXPECT_EQ(found.front().request, RequestId{3});
    return std::move(found.front().types);
  }
  Result<std::vector<JobType>> find(std::vector<std::filesystem::path> directories, std::string const& type) {
    PluginCatalogue catalogue(launch_zygote(), {std::move(directories), store()});
    return find(catalogue, type);
  }
  std::filesystem::path store() { return scratch / "store"; }
  std::filesystem::path directory(std::string const& name) {
    std::filesystem::create_directories(scratch / name);
    return scratch / name;
  }
  void add(std::filesystem::path const& to, std::filesystem::path const& plugin) {
    std::filesystem::copy_file(plugin, to / plugin.filename(),
                               std::filesystem::copy_options::overwrite_existing);
  }

  Scratch scratch;
};

TEST_F(CatalogueOf, AllTypesOfTheBuild) {
  auto const types = find({built_plugins()}, "");
  ASSERT_TRUE(types.ok()) << types.failure().context;
  std::vector<std::string> names;
  for (auto const& type : *types) names.push_back(type.name);
  for (auto const* name : {"counter", "crash", "grep", "heat", "sleep"}) {
    EXPECT_EQ(std::ranges::count(names, name), 1) << name;
  }
  EXPECT_TRUE(std::ranges::is_sorted(names));
}

TEST_F(CatalogueOf, ATypeIsDescribedAndKept) {
  auto const types = find({built_plugins()}, "grep");
  ASSERT_TRUE(types.ok()) << types.failure().context;
  ASSERT_EQ(types->size(), 1U);
  auto const& grep = types->front();
  EXPECT_EQ(grep.name, "grep");
  EXPECT_EQ(grep.state_version, 1U);
  EXPECT_EQ(grep.plugin_path, (built_plugins() / "grep.so").native());
  ASSERT_GE(grep.parameters.size(), 4U);
  EXPECT_EQ(grep.parameters[0].name, "pattern");
  EXPECT_EQ(grep.parameters[0].kind, ParameterKind::text);
  EXPECT_FALSE(grep.parameters[0].fallback);
  EXPECT_EQ(grep.parameters[3].fallback, "256");
  ASSERT_EQ(grep.methods.size(), 1U);
  EXPECT_EQ(grep.methods[0].name, "matches");
  EXPECT_EQ(read_file(store() / "plugins" / (grep.plugin_digest + ".so")),
            read_file(built_plugins() / "grep.so"));
}

TEST_F(CatalogueOf, AnUnknownTypeIsRefusedWithWhatThereIs) {
  auto const plugins = directory("plugins");
  add(plugins, built_plugins() / "counter.so");
  write_file(plugins / "text.so", "this is no shared object");
  add(plugins, fixture_plugins() / "other_interface.so");
  add(plugins, fixture_plugins() / "no_descriptor.so");
  add(plugins, fixture_plugins() / "bad_loader.so");
  auto const types = find({plugins}, "countr");
  ASSERT_FALSE(types.ok());
  EXPECT_EQ(types.failure().code, "no_such_type");
  auto const& text = types.failure().context;
  auto const says = [&](std::string const& part) { return text.find(part) != std::string::npos; };
  EXPECT_TRUE(says("no job type 'countr' (did you mean 'counter'?); there is counter")) << text;
  EXPECT_TRUE(says((plugins / "other_interface.so").native() +
                   ": built for interface version 99, this Godwit has 2: rebuild it"))
      << text;
  EXPECT_TRUE(says((plugins / "text.so").native() + ": ")) << text;
  EXPECT_TRUE(says((plugins / "no_descriptor.so").native() + ": it names no job type")) << text;
  EXPECT_TRUE(says((plugins / "bad_loader.so").native() + ": its process killed by signal 6 (SIGABRT)"))
      << text;
  auto const kept = std::filesystem::directory_iterator(store() / "plugins");
  EXPECT_EQ(std::distance(begin(kept), end(kept)), 1) << "only good plugins are kept";
}

TEST_F(CatalogueOf, TheFirstDirectoryHidesLaterOnes) {
  auto const first = directory("first");
  auto const second = directory("second");
  add(first, built_plugins() / "counter.so");
  add(second, built_plugins() / "counter.so");
  add(second, built_plugins() / "sleep.so");
  auto const types = find({first, second, scratch / "missing"}, "");
  ASSERT_TRUE(types.ok());
  ASSERT_EQ(types->size(), 2U);
  EXPECT_EQ(types->front().plugin_path, (first / "counter.so").native());
}

TEST_F(CatalogueOf, AChangedPluginIsSeen) {
  auto const plugins = directory("plugins");
  add(plugins, fixture_plugins() / "versioned_1.so");
  PluginCatalogue catalogue(launch_zygote(), {{plugins}, store()});
  auto const before = find(catalogue, "versioned");
  ASSERT_TRUE(before.ok());
  std::filesystem::remove(plugins / "versioned_1.so");
  std::filesystem::copy_file(fixture_plugins() / "versioned_3.so", plugins / "versioned_1.so");
  auto const after = find(catalogue, "versioned");
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(before->front().state_version, 1U);
  EXPECT_EQ(after->front().state_version, 3U);
  EXPECT_NE(before->front().plugin_digest, after->front().plugin_digest);
  EXPECT_TRUE(std::filesystem::exists(store() / "plugins" / (before->front().plugin_digest + ".so")));
}

TEST_F(CatalogueOf, AStoreThatCantBeWrittenIsSaid) {
  write_file(scratch / "store", "a file where the store should be");
  auto const types = find({built_plugins()}, "counter");
  ASSERT_FALSE(types.ok());
  EXPECT_NE(types.failure().context.find("cannot write"), std::string::npos) << types.failure().context;
}

TEST_F(CatalogueOf, AStoreThatCanBeWrittenAgainIsTriedAgain) {
  write_file(scratch / "store", "a file where the store should be");
  PluginCatalogue catalogue(launch_zygote(), {{built_plugins()}, store()});
  ASSERT_FALSE(find(catalogue, "counter").ok());
  std::filesystem::remove(scratch / "store");
  auto const types = find(catalogue, "counter");
  EXPECT_TRUE(types.ok()) << types.failure().context;
}

class CatalogueOfTheKilled : public CatalogueOf {
 protected:
  CatalogueOfTheKilled() { ::setenv("GODWIT_TEST_KILLS", directory("kills").c_str(), 1); }
  ~CatalogueOfTheKilled() override { ::unsetenv("GODWIT_TEST_KILLS"); }
  CatalogueOfTheKilled(CatalogueOfTheKilled const&) = delete;
  CatalogueOfTheKilled& operator=(CatalogueOfTheKilled const&) = delete;

  PluginCatalogue catalogue_after(int kills) {
    for (auto kill = 0; kill < kills; ++kill) write_file(directory("kills") / std::to_string(kill), "");
    add(directory("plugins"), fixture_plugins() / "killed.so");
    return {launch_zygote(), {{directory("plugins")}, store()}};
  }
  bool all_struck() { return std::filesystem::is_empty(directory("kills")); }
};

TEST_F(CatalogueOfTheKilled, WhoeverIsKilledDescribingAPluginIsFollowedByAnother) {
  auto catalogue = catalogue_after(2);
  auto const types = find(catalogue, "killed");
  EXPECT_TRUE(types.ok()) << types.failure().context;
  EXPECT_TRUE(all_struck());
}

TEST_F(CatalogueOfTheKilled, OneThatIsKilledEachTimeIsSaidAndTriedAgainWhenAskedAgain) {
  auto catalogue = catalogue_after(3);
  auto const types = find(catalogue, "killed");
  ASSERT_FALSE(types.ok());
  EXPECT_NE(types.failure().context.find("its process killed by signal 9 (SIGKILL), by somebody else, or because memory is short"),
            std::string::npos)
      << types.failure().context;
  EXPECT_TRUE(all_struck());
  EXPECT_TRUE(find(catalogue, "killed").ok());
}

TEST_F(CatalogueOf, NoProcessIsLeft) {
  std::vector<int> all;
  {
    PluginCatalogue catalogue(launch_zygote(), {{built_plugins()}, store()});
    ASSERT_TRUE(find(catalogue, "").ok());
    all = descendants();
    EXPECT_GE(all.size(), 1U);
  }
  EXPECT_TRUE(all_gone(all));
}

TEST_F(CatalogueOf, AMissingCapsuleProgramIsSaid) {
  auto const zygote = ZygoteProcess::launch(scratch / "nothing");
  ASSERT_FALSE(zygote.ok());
  EXPECT_EQ(zygote.failure().code, "no_zygote");
}

// A capsule program that runs `script` with the host's socket as its standard input.
std::filesystem::path program_of(std::filesystem::path const& path, std::string const& script) {
  std::ofstream(path) << script;
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

TEST_F(CatalogueOf, ACapsuleProgramOfAnotherBuildIsRefusedWithBothBuilds) {
  auto const program = program_of(scratch / "godwit-capsule", R"(#!/usr/bin/python3
import socket
host = socket.socket(fileno=0)
host.send(b"godwit-capsule 0.0.9-deadbeef")
host.recv(1)
)");
  auto const zygote = ZygoteProcess::launch(program);
  ASSERT_FALSE(zygote.ok());
  EXPECT_EQ(zygote.failure().code, "other_build");
  EXPECT_NE(zygote.failure().context.find(" is of build 0.0.9-deadbeef, but this program is of build " + link_build()),
            std::string::npos)
      << zygote.failure().context;
}

// As one did before builds were told: it doesn't know the argument.
TEST_F(CatalogueOf, ACapsuleProgramThatTellsNoBuildIsRefused) {
  auto const zygote = ZygoteProcess::launch(program_of(scratch / "godwit-capsule", "#!/bin/sh\nexit 2\n"));
  ASSERT_FALSE(zygote.ok());
  EXPECT_EQ(zygote.failure().code, "other_build");
  EXPECT_NE(zygote.failure().context.find("exited with status 2"), std::string::npos) << zygote.failure().context;
}

}  // namespace
}  // namespace godwit::testing
