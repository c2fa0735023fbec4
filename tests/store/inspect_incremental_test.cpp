// `godwit inspect` of a generation of which a part lies in earlier ones: it is shown, compared and exported
// as a whole, and every verb refuses it, naming the file, where that one is missing or another.
#include "store/inspect_rig.hpp"
#include "store/job_in_pages.hpp"

namespace godwit {
namespace {

namespace fs = std::filesystem;

class InspectIncremental : public test::Inspect {
 protected:
  void SetUp() override {
    for (int generation = 1; generation <= 3; ++generation) {
      ASSERT_TRUE(job.checkpoint().image);
      job.scribble(static_cast<std::uint64_t>(40 * generation));
    }
    ASSERT_EQ(job.open()->ancestors().size(), 2U);
  }
  test::JobInPages job{directory.path()};
};

TEST_F(InspectIncremental, ShowSaysWhatIsItsOwnAndWhereTheRestLies) {
  auto const said = inspect({"show", "7:3"});
  EXPECT_EQ(said.code, 0) << said.err;
  expect_has(said.out,
             {"generation 3 (parent 2)   verified ✓", " KiB own", "the rest lies in 5-2.h5, 5-1.h5"});
  auto const json = test::Json::parse(inspect({"show", "7:3", "--json"}).out);
  EXPECT_EQ(json["ancestors"], test::Json({"5-2.h5", "5-1.h5"}));
  EXPECT_EQ(json["bytes"], fs::file_size(checkpoint(3)));
  EXPECT_GT(json["whole_bytes"], 860'000);
  EXPECT_EQ(inspect({"show", "7:1"}).out.find("own"), std::string::npos);
  EXPECT_EQ(inspect({"verify"}).code, 0);
}

TEST_F(InspectIncremental, DiffComparesWholeStates) {
  auto const said = inspect({"diff", "7:2", "7:3"});
  EXPECT_EQ(said.code, 1);
  expect_has(said.out, {"grid"});
  EXPECT_EQ(inspect({"diff", "7:3", "7:3"}).code, 0);
}

TEST_F(InspectIncremental, ExportWholeNeedsNoOther) {
  auto const out = directory.path() / "away" / "whole.h5";
  fs::create_directory(out.parent_path());
  auto const half = inspect({"export", "7:3", "-o", out});
  EXPECT_EQ(half.code, 2);
  expect_has(half.err, {"a part of it lies in 5-2.h5 beside it: --whole"});
  auto const said = inspect({"export", "7:3", "--whole", "-o", out});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(inspect({"diff", "7:3", out}).code, 0);
  EXPECT_EQ(inspect({"export", "7:3", "--whole", "-o", out}).code, 2) << "nothing is overwritten";
  fs::remove_all(directory.path() / "jobs");
  EXPECT_EQ(inspect({"verify", out}).code, 0);
  auto const file = CheckpointFile::open(out);
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->ancestors().empty());
  Bytes arena(job.image.pages.size());
  ASSERT_TRUE(file->load(arena));
  EXPECT_EQ(file->manifest().steps, job.image.manifest.steps);
}

TEST_F(InspectIncremental, OneFieldIsExportedWithItsValues) {
  auto const h5 = directory.path() / "grid.h5";
  ASSERT_EQ(inspect({"export", "7:3", "--field", "grid", "--format", "h5", "-o", h5}).code, 0);
  auto const raw = directory.path() / "grid.raw";
  ASSERT_EQ(inspect({"export", "7:3", "--field", "grid", "--format", "raw", "-o", raw}).code, 0);
  auto const dumped = directory.path() / "dumped";
  fs::remove_all(directory.path() / "jobs");
  auto const ran = test::run("h5dump -d /grid -b LE -o " + dumped.string() + " " + h5.string());
  ASSERT_EQ(ran.status, 0) << ran.output;
  EXPECT_TRUE(test::read_file(dumped) == test::read_file(raw));
  EXPECT_EQ(fs::file_size(raw), 600'000U);
}

TEST_F(InspectIncremental, EveryVerbRefusesWhereAPartIsMissingOrAnother) {
  auto const out = (directory.path() / "out").string();
  std::vector<std::vector<std::string>> const verbs{{"show", "7:3"},
                                                    {"verify", "7:3"},
                                                    {"diff", "7:3", "7:1"},
                                                    {"export", "7:3", "--whole", "-o", out},
                                                    {"export", "7:3", "--field", "grid", "-o", out},
                                                    {"list", "7"}};
  auto const all_name = [&](std::string const& why) {
    for (auto const& verb : verbs) {
      auto const said = inspect(verb);
      if (verb.front() != "list") EXPECT_NE(said.code, 0) << verb.front();
      expect_has(said.out + said.err, {why});
      EXPECT_FALSE(fs::exists(out));
    }
  };
  fs::rename(checkpoint(2), directory.path() / "aside");
  all_name("part of it lies in 5-2.h5 beside it: No such file");
  fs::copy_file(checkpoint(1), checkpoint(2));
  all_name("5-2.h5 beside it isn't the file that part of it lies in");
}

}  // namespace
}  // namespace godwit
