// `godwit inspect` as a user types it, on a store of real files: what it prints, what it exits with, and what
// it says of files that are no good.
#include "store/inspect_rig.hpp"

namespace godwit {
namespace {

using test::Inspect;
using test::Json;
using test::TempDir;
using test::TestStore;

TEST_F(Inspect, ListsAllJobsAndOne) {
  auto const all = inspect({"list"});
  EXPECT_EQ(all.code, 0);
  expect_has(all.out, {"CHECKPOINT", "7:12 ", "7:11 ", "7:10 ", "9:1 ", "heat", "plate", "61,440", "MiB"});
  EXPECT_LT(all.out.find("7:12"), all.out.find("7:11"));  // the newest first
  auto const one = inspect({"list", "other"});
  EXPECT_EQ(one.code, 0);
  EXPECT_EQ(one.out.find("7:1"), std::string::npos);
  auto const json = Json::parse(inspect({"list", "7", "--json"}).out);
  ASSERT_EQ(json.size(), 3U);
  EXPECT_EQ(json[0]["generation"], 12);
  EXPECT_EQ(json[0]["parent"], "4-11");
  EXPECT_EQ(json[0]["readable"], true);
}

TEST_F(Inspect, ListShowsWhatIsWrongWithAFile) {
  test::write_file(checkpoint(11), view_of("rubbish"));
  auto const all = inspect({"list"});
  EXPECT_EQ(all.code, 0);
  expect_has(all.out, {"7:11", "✗ not an HDF5 file", "7:12"});
}

TEST_F(Inspect, ShowsEverythingOnOneScreen) {
  auto const said = inspect({"show", "7:12"});
  EXPECT_EQ(said.code, 0) << said.err;
  expect_has(
      said.out,
      {"heat 7 \"plate\"   generation 12 (parent 4-11)   verified ✓ ", "chem/anna   host 2 epoch 5",
       "plugin 3f9c… v2", "progress 61,440 / 200,000 steps (30.7 %)", "the next step begins 1.5 s after it goes on",
       "├ temperature  float64 700 × 500            min 0  mean 0.500001  max 1  NaN 1",
       "├ iteration    int64                        61440", "\"Platte, größer – 板\"",
       "append @ 1,228,800 of 1,300,000 (71,200 would be cut)", "in.dat", "read @ 100 of 4,096 (missing)"});
}

TEST_F(Inspect, ShowAsJson) {
  auto const document = Json::parse(inspect({"show", "plate", "--json"}).out);
  EXPECT_EQ(document["generation"], 12);
  EXPECT_EQ(document["verified"], true);
  EXPECT_EQ(document["arguments"]["alpha"], "0.2");
  EXPECT_EQ(document["fields"][0]["value"], 61'440);
  EXPECT_EQ(document["fields"][8]["value"], std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(document["arrays"][0]["shape"], Json({700, 500}));
  EXPECT_EQ(document["arrays"][0]["nan"], 1);
  EXPECT_EQ(document["arrays"][0]["max"], 1.0);
  EXPECT_EQ(document["files"][0]["would_be_cut"], 71'200);
}

TEST_F(Inspect, TakesEveryWayToNameACheckpoint) {
  for (auto const* target : {"7", "7:12", "7:latest", "7:5-12", "5-12", "plate", "plate:12"}) {
    EXPECT_NE(inspect({"show", target}).out.find("generation 12"), std::string::npos) << target;
  }
  EXPECT_NE(inspect({"show", checkpoint(12).string()}).out.find("generation 12"), std::string::npos);
  EXPECT_NE(inspect({"show", "last"}).out.find("heat 9"), std::string::npos);
  EXPECT_NE(inspect({"show", "7:10"}).out.find("generation 10"), std::string::npos);
}

TEST_F(Inspect, OrphanBranchesAreToldApart) {  // a zombie wrote the same generation at an older epoch
  TestStore writer(directory.path());
  auto image = test::tiny_image({12});
  image.label.epoch = {3};
  ASSERT_TRUE(writer.write(image).image);
  expect_has(inspect({"list", "7"}).out, {"7:5-12", "7:3-12", "7:11 "});
  EXPECT_NE(inspect({"show", "7:12"}).out.find("epoch 5"), std::string::npos);
  EXPECT_NE(inspect({"show", "7:3-12"}).out.find("epoch 3"), std::string::npos);
}

TEST_F(Inspect, SaysWhichJobsAndGenerationsThereAre) {
  auto const job = inspect({"show", "8"});
  EXPECT_EQ(job.code, 2);
  expect_has(job.err, {"8: no such job", "jobs there: 7, 9"});
  auto const generation = inspect({"show", "7:13"});
  EXPECT_EQ(generation.code, 2);
  expect_has(generation.err, {"7:13: job 7 has no such generation; it has 7:12, 7:11, 7:10"});
  EXPECT_EQ(inspect({"show", "nothing.h5"}).code, 2);
  EXPECT_EQ(inspect({"list", "--store", directory.path() / "gone"}).code, 2);
  auto const json = Json::parse(inspect({"show", "8", "--json"}).out);
  EXPECT_EQ(json["error"]["code"], "no_such_job");
}

TEST_F(Inspect, ElementsOfAnArray) {
  {
    TestStore writer(directory.path());
    for (std::uint32_t element : {1U, 2U, 11U}) {
      for (std::uint64_t generation : {1, 2}) {
        auto image = test::tiny_image({generation});
        image.label.job = image.manifest.job = JobId::of_element(8, element);
        image.label.spec.name = "sweep";
        ASSERT_TRUE(writer.write(image).image);
      }
    }
  }
  auto const path = directory.path() / "jobs/8_11/checkpoints/5-2.h5";
  EXPECT_TRUE(std::filesystem::exists(path));
  auto const listed = inspect({"list", "8"});
  EXPECT_EQ(listed.code, 0);
  expect_has(listed.out, {"8_1:2 ", "8_1:1 ", "8_2:2 ", "8_11:1 "});
  EXPECT_LT(listed.out.find("8_2:"), listed.out.find("8_11:"));  // by number, not by letter
  EXPECT_EQ(inspect({"list", "8_2"}).out.find("8_1"), std::string::npos);
  EXPECT_EQ(Json::parse(inspect({"list", "sweep", "--json"}).out).size(), 6U);
  for (auto const* target : {"8_11:2", "8_11:latest", "8_11", "8_11:5-2"}) {
    auto const shown = inspect({"show", target});
    EXPECT_EQ(shown.code, 0) << shown.err;
    expect_has(shown.out, {"heat 8_11 \"sweep\"   generation 2"});
  }
  EXPECT_EQ(Json::parse(inspect({"show", "8_11", "--json"}).out)["job"], "8_11");
  EXPECT_EQ(Json::parse(inspect({"list", "7", "--json"}).out)[0]["job"], 7);
  auto const verified = inspect({"verify", "8:1"});  // that generation of each
  EXPECT_EQ(verified.code, 0);
  expect_has(verified.out, {"8_1:1  ✓", "8_2:1  ✓", "8_11:1  ✓"});

  auto const several = inspect({"show", "8:latest"});
  EXPECT_EQ(several.code, 2);
  expect_has(several.err, {"8:latest: job 8 is an array; name one of its elements: 8_1, 8_2, 8_11"});
  for (auto const* target : {"8_3:1", "8_0", "8_", "8_1_1"}) {
    auto const unknown = inspect({"show", target});
    EXPECT_EQ(unknown.code, 2);
    expect_has(unknown.err, {"no such job", "8_1, 8_2, 8_11"});
  }
}

TEST_F(Inspect, VerifySaysGoodBadAndUnreadable) {
  EXPECT_EQ(inspect({"verify"}).code, 0);
  EXPECT_EQ(inspect({"verify", "7:11", checkpoint(12)}).code, 0);
  flip(checkpoint(11), 1'000'000);
  std::filesystem::resize_file(checkpoint(10), 1000);
  auto const said = inspect({"verify", "7"});
  EXPECT_EQ(said.code, 1);
  expect_has(said.out, {"7:12  ✓", "7:11  ✗ " + checkpoint(11).string() + ": damaged: temperature bytes [",
                        "7:10  ✗ " + checkpoint(10).string() + ": truncated: 1000 of "});
  EXPECT_EQ(inspect({"verify", "7:12"}).code, 0);
  EXPECT_EQ(inspect({"verify", "7:12", "8"}).code, 2);
  EXPECT_EQ(inspect({"verify", directory.path() / "gone.h5"}).code, 2);
  auto const json = Json::parse(inspect({"verify", "7", "--json"}).out);
  EXPECT_EQ(json[0]["verified"], true);
  EXPECT_EQ(json[1]["error"]["code"], "damaged");
}

TEST_F(Inspect, VerifyAllOfAStore) {
  auto said = inspect({"verify", "--all"});
  EXPECT_EQ(said.code, 0);
  expect_has(said.out, {"4 of 4 generations of 2 jobs verify"});
  flip(checkpoint(11), 700);
  std::filesystem::remove_all(directory.path() / "jobs/9");
  said = inspect({"verify", "--all"});
  EXPECT_EQ(said.code, 1);
  expect_has(said.out, {"7:11  ✗ " + checkpoint(11).string() + ": damaged", "2 of 3 generations of 1 job verify"});
  EXPECT_EQ(said.out.find("7:12"), std::string::npos) << "what verifies has no line";
  for (auto const generation : {10, 12}) flip(checkpoint(generation), 700);
  said = inspect({"verify", "--all", "--json"});
  auto const json = Json::parse(said.out);
  EXPECT_EQ(json["verified"], 0);
  EXPECT_EQ(json["bad"], 3);
  EXPECT_EQ(json["failures"].size(), 3U);
  EXPECT_EQ(json["jobs_without_a_good_one"], Json::array({"7"}));
  EXPECT_EQ(inspect({"verify", "--all", "7"}).code, 100) << "all, or some";
}

TEST_F(Inspect, ShowOfADamagedFile) {
  flip(checkpoint(12), 1'000'000);  // data: the rest can still be shown
  auto const data = inspect({"show", "7:12"});
  EXPECT_EQ(data.code, 1);
  expect_has(data.out, {"damaged ✗", "temperature  float64 700 × 500            damaged", "iteration"});
  expect_has(data.err, {checkpoint(12).string() + ": damaged: temperature"});
  flip(checkpoint(11), 2'000);  // metadata
  auto const metadata = inspect({"show", "7:11"});
  EXPECT_EQ(metadata.code, 2);
  expect_has(metadata.err, {checkpoint(11).string() + ": damaged: the metadata"});
  std::filesystem::resize_file(checkpoint(10), 5000);
  expect_has(inspect({"show", "7:10"}).err, {checkpoint(10).string() + ": truncated: 5000 of "});
  auto const text = directory.path() / "note.txt";
  test::write_file(text, view_of("hello"));
  auto const rubbish = inspect({"show", text});
  EXPECT_EQ(rubbish.code, 2);
  expect_has(rubbish.err, {text.string() + ": not an HDF5 file"});
}

TEST_F(Inspect, ExportsAWholeFile) {
  auto const out = directory.path() / "copy.h5";
  auto const said = inspect({"export", "7:12", "--whole", "-o", out});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(test::read_file(out), test::read_file(checkpoint(12)));
  EXPECT_EQ(inspect({"verify", out}).code, 0);
  auto const again = inspect({"export", "7:12", "-o", out});
  EXPECT_EQ(again.code, 2);
  expect_has(again.err, {out.string() + ": File exists; name another file with -o"});
}

TEST_F(Inspect, ExportsOneField) {
  expect_has(inspect({"export", "7:12", "--field", "mask"}).out, {"false,true,false\ntrue,false,true\n"});
  EXPECT_EQ(inspect({"export", "7:12", "--field", "weights"}).out, "0.25\n0.5\n0.25\n");
  EXPECT_EQ(inspect({"export", "7:12", "--field", "iteration"}).out, "61440\n");
  auto const json =
      Json::parse(inspect({"export", "7:12", "--field", "temperature", "--format", "json"}).out);
  EXPECT_EQ(json["shape"], Json({700, 500}));
  EXPECT_EQ(json["values"].size(), 350'000U);
  EXPECT_EQ(json["values"][3], nullptr);  // NaN
  EXPECT_EQ(json["values"][349'999], 1.0);

  auto const raw = directory.path() / "t.raw";
  EXPECT_EQ(inspect({"export", "7:12", "--field", "temperature", "--format", "raw", "-o", raw}).code, 0);
  auto const image = test::sample_image();
  EXPECT_EQ(test::read_file(raw), Bytes(image.pages.begin(), image.pages.begin() + 2'800'000));

  auto const h5 = directory.path() / "t.h5";
  EXPECT_EQ(inspect({"export", "7:12", "--field", "cube", "--format", "h5", "-o", h5}).code, 0);
  auto const listed = test::run("h5ls " + h5.string());
  EXPECT_EQ(listed.output, "cube                     Dataset {3, 4, 5}\n");
}

TEST_F(Inspect, ExportsNothingBad) {
  auto const unknown = inspect({"export", "7:12", "--field", "temprature"});
  EXPECT_EQ(unknown.code, 2);
  expect_has(unknown.err, {"no field is called 'temprature'; there are: iteration, "});
  EXPECT_EQ(inspect({"export", "7:12", "--format", "csv"}).code, 2);
  EXPECT_EQ(inspect({"export", "7:12", "--format", "xml"}).code, 100);
  flip(checkpoint(12), 1'000'000);
  auto const out = directory.path() / "copy";
  for (auto const& words : std::vector<std::vector<std::string>>{
           {"export", "7:12", "-o", out},
           {"export", "7:12", "--field", "temperature", "-o", out},
           {"export", "7:12", "--field", "temperature", "--format", "h5", "-o", out}}) {
    EXPECT_EQ(inspect(words).code, 1);
    EXPECT_FALSE(std::filesystem::exists(out));
  }
}

TEST_F(Inspect, AnEmptyStore) {
  TempDir const empty;
  expect_has(inspect({"list", "--store", empty.path()}).out, {"no checkpoints in "});
  EXPECT_EQ(inspect({"list", "--store", empty.path(), "--json"}).out, "[]\n");
  EXPECT_EQ(inspect({"verify", "--store", empty.path()}).code, 0);
}

}  // namespace
}  // namespace godwit
