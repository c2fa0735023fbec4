// Any HDF5 tool reads a checkpoint: h5ls, h5dump and h5py are run on one, and what they say is compared with
// what was written.
#include <cstring>

#include "edge/hdf5/checkpoint_file.hpp"
#include "store/spec_reader.hpp"

namespace godwit {
namespace {

class Tools : public testing::Test {
 protected:
  void SetUp() override {
    test::write_file(directory.path() / "jobs/7/stdout", view_of("first\n"));
    test::TestStore store(directory.path());
    auto const written = store.write(image);
    ASSERT_TRUE(written.image) << written.image.failure().context;
    path = directory.path() / written.image->path;
  }
  // Runs Python with `f` open; it ends with 0 only if every assertion holds.
  void expect_in_python(std::string const& script) const {
    auto const file = directory.path() / "script.py";
    test::write_file(file,
                     view_of("import h5py, numpy\nf = h5py.File('" + path.string() + "', 'r')\n" + script));
    auto const ran = test::run("/usr/bin/python3 " + file.string());
    EXPECT_EQ(ran.status, 0) << ran.output;
  }

  test::TempDir directory;
  test::Image image = test::sample_image();
  std::filesystem::path path;
};

TEST_F(Tools, H5ls) {
  auto const ran = test::run("h5ls -r " + path.string());
  EXPECT_EQ(ran.status, 0) << ran.output;
  for (auto const* line :
       {"/state/temperature       Dataset {700, 500}", "/state/cube              Dataset {3, 4, 5}",
        "/state/iteration         Dataset {SCALAR}", "/files/trace             Group",
        "/integrity/blocks/temperature Dataset {3}", "/state/none              Dataset {0, 9}"}) {
    EXPECT_NE(ran.output.find(line), std::string::npos) << line << "\n" << ran.output;
  }
}

TEST_F(Tools, H5dumpOfEverything) {
  auto const ran = test::run("h5dump " + path.string());
  EXPECT_EQ(ran.status, 0);
  EXPECT_NE(ran.output.find("chem/anna"), std::string::npos);
  auto const values = test::run("h5dump -y -w 100 -d /state/weights -d /state/converged " + path.string());
  EXPECT_NE(values.output.find("0.25, 0.5, 0.25"), std::string::npos) << values.output;
  EXPECT_NE(values.output.find("TRUE"), std::string::npos) << values.output;
}

TEST_F(Tools, BulkDataThroughH5dump) {  // the very bytes, by HDF5's own reading
  auto const raw = directory.path() / "raw";
  auto const ran = test::run("h5dump -d /state/temperature -b LE -o " + raw.string() + " " + path.string());
  ASSERT_EQ(ran.status, 0) << ran.output;
  auto const& array = image.manifest.arrays.front();
  auto const bytes = test::read_file(raw);
  ASSERT_EQ(bytes.size(), array.bytes);
  EXPECT_EQ(std::memcmp(bytes.data(), image.pages.data() + array.offset, array.bytes), 0);
}

TEST_F(Tools, H5pyAttributes) {
  expect_in_python(R"(
a = f.attrs
assert a['format_version'] == 4 and a['godwit_version'] == '0.0.0-test'
assert a['job'] == 7 and a['type'] == 'heat' and a['name'] == 'plate' and a['account'] == 'chem/anna'
assert a['epoch'] == 5 and a['generation'] == 12 and a['parent'] == '4-11'
assert a['state_version'] == 2 and a['plugin_digest'] == '3f9c0123456789ab'
assert a['time'] == '2026-11-21T09:14:07.123456Z' and a['host'] == 2 and a['node'] == 'node2'
assert a['steps'] == 61440 and a['progress_done'] == 61440 and a['progress_total'] == 200000
assert a['progress_unit'] == 'steps' and a['byte_order'] == 'little' and a['page_bytes'] == 4096
assert list(a['arguments']) == ['alpha=0.2', 'output=out/plate.csv'] and a['suspended'] == True
assert a['wait_left_ns'] == 1500 * 10**6
assert a['architecture'] == 'x86_64' and a['running_time_ns'] == 90 * 10**9 and a['directory'] == '/home/anna/run'
)");
}

TEST_F(Tools, H5pyValues) {
  expect_in_python(R"(
s = f['state']
def holds(name, dtype, value):
    assert s[name].dtype == numpy.dtype(dtype) and s[name].shape == () and s[name][()] == value, name
holds('iteration', '<i8', 61440); holds('converged', '?', True); holds('i8', 'i1', -8); holds('u8', 'u1', 200)
holds('i16', '<i2', -1600); holds('u16', '<u2', 60000); holds('i32', '<i4', -2000000000)
holds('u32', '<u4', 4000000000); holds('u64', '<u8', 2**64 - 1); holds('f32', '<f4', 0.5); holds('gamma', '<f8', 1.4)
assert s['title'].asstr()[()] == 'Platte, größer – 板' and s['untitled'].asstr()[()] == ''
assert list(s['weights']) == [0.25, 0.5, 0.25] and s['nothing'].shape == (0,) and s['nothing'].dtype == '<u2'
assert s['many'].shape == (20000,) and (s['many'][:] == -3).all()
assert s['a%2Fb%25.c'][()] == 2.5
t = s['temperature'][:]
assert t.dtype == '<f8' and t.shape == (700, 500) and numpy.isnan(t[0, 3])
expected = numpy.arange(350000).reshape(700, 500) / 349999; expected[0, 3] = numpy.nan
assert numpy.array_equal(t, expected, equal_nan=True)
assert (s['mask'][:] == [[False, True, False], [True, False, True]]).all() and s['mask'].dtype == bool
assert (s['cube'][:] == numpy.arange(60).reshape(3, 4, 5) * 0.5).all() and s['none'].shape == (0, 9)
assert (s['wide'][:] == numpy.arange(40000).astype('<u2').view('<i2')).all()
assert s['temperature'].id.get_offset() % 4096 == 0 and s['temperature'].chunks is None
)");
}

TEST_F(Tools, H5pyTextsAndMaps) {
  expect_in_python(R"(
s = f['state']
assert list(s['names'].asstr()) == ['Anna', '', 'Böb, "B"'] and s['no_names'].shape == (0,)
assert list(s['flags']) == [True, False, True] and s['flags'].dtype == bool
def pairs(name): return [(k.decode() if isinstance(k, bytes) else k, v.decode() if isinstance(v, bytes) else v)
                         for k, v in s[name][()]]
assert pairs('ages') == [('Anna', 31), ('Böb', -1)] and s['ages'].dtype.names == ('key', 'value')
assert pairs('table') == [(-3, 0.5), (7, 1e300)] and pairs('titles') == [(1, 'one'), (200, '')]
assert s['no_pairs'].shape == (0,) and s['table'].dtype['value'] == '<f8'
)");
  auto const dumped = test::run("h5dump -d /state/names -d /state/ages " + path.string());
  EXPECT_EQ(dumped.status, 0);
  for (auto const* said : {"\"Anna\"", "31", "\"key\""}) {
    EXPECT_NE(dumped.output.find(said), std::string::npos) << said << "\n" << dumped.output;
  }
}

// On a machine of the other byte order the arrays lie in memory the other way round, and so in the file.
TEST_F(Tools, ABigEndianImage) {
  auto other = test::sample_image({13});
  other.manifest.little_endian = false;
  other.manifest.architecture = "s390x";
  for (auto const& array : other.manifest.arrays) {
    auto const width = width_bytes(array.scalar);
    for (auto at = array.offset; at < array.offset + array.bytes; at += width) {
      auto const first = other.pages.begin() + static_cast<std::ptrdiff_t>(at);
      std::reverse(first, first + static_cast<std::ptrdiff_t>(width));
    }
  }
  auto const written = test::TestStore(directory.path()).write(other);
  ASSERT_TRUE(written.image) << written.image.failure().context;
  path = directory.path() / written.image->path;
  expect_in_python(R"(
s = f['state']
assert f.attrs['byte_order'] == 'big' and f.attrs['architecture'] == 's390x'
assert s['temperature'].dtype == '>f8' and s['temperature'][699, 499] == 1 and s['iteration'][()] == 61440
assert (s['cube'][:] == numpy.arange(60).reshape(3, 4, 5) * 0.5).all() and s['cube'].dtype == '>f4'
assert (s['wide'][:] == numpy.arange(40000).astype('<u2').view('<i2')).all() and s['mask'].dtype == bool
)");
  auto const file = CheckpointFile::open(path);
  ASSERT_TRUE(file) << file.failure().context;
  Bytes arena(other.pages.size());
  ASSERT_TRUE(file->load(arena));
  EXPECT_EQ(arena, other.pages) << "as it lay in memory";
  auto const statistics = file->statistics(0);  // numbers as they are meant
  ASSERT_TRUE(statistics);
  EXPECT_EQ(statistics->max, 1.0);
  EXPECT_EQ(statistics->nan, 1U);
}

TEST_F(Tools, H5pyFilesAndLog) {
  expect_in_python(R"(
trace = f['files/trace']
assert trace.attrs['path'] == '/home/anna/run/out/plate.csv' and trace.attrs['mode'] == 'append'
assert trace.attrs['offset'] == 1228800 and trace.attrs['size'] == 1310720 and trace.attrs['synced'] == 1228780
assert bytes(trace['tail'][()]) == b'61438,0.5\n61439,0.5\n'
assert f['files/data'].attrs['mode'] == 'input' and f['files/stdout'].attrs['path'] == 'jobs/7/stdout'
assert f['log/stdout'].asstr()[()] == 'first\nsecond line'
)");
}

// The reader that docs/checkpoint-format.md prints is run as it stands there, and checks digests with the
// xxHash library itself.
TEST_F(Tools, AnElementOfAnArray) {
  image.label.job = image.manifest.job = JobId::of_element(7, 3);
  test::TestStore store(directory.path());
  auto const written = store.write(image);
  ASSERT_TRUE(written.image);
  EXPECT_EQ(written.image->path, "jobs/7_3/checkpoints/5-12.h5");

  path = directory.path() / written.image->path;
  expect_in_python("assert f.attrs['job'] == 7 and f.attrs['element'] == 3\n");
  auto const file = CheckpointFile::open(path);
  ASSERT_TRUE(file) << file.failure().context;
  EXPECT_EQ(file->label().job, JobId::of_element(7, 3));
  EXPECT_EQ(file->manifest().job, JobId::of_element(7, 3));
  ASSERT_TRUE(file->verify());
  // The root digest tells the elements apart.
  image.label.job = JobId::of_element(7, 4);
  auto const other = store.write(image);
  ASSERT_TRUE(other.image);
  EXPECT_NE(CheckpointFile::open(directory.path() / other.image->path)->root(), file->root());
}

TEST_F(Tools, TheReaderInTheSpecification) {
  auto const script = test::reader_in_the_specification(directory.path());
  auto const read = [&] { return test::run("/usr/bin/python3 -B " + script.string() + " " + path.string()); };
  auto const ran = read();
  EXPECT_EQ(ran.status, 0) << ran.output;
  for (auto const* said : {"heat 7, generation 12", "temperature float64 (700, 500)",
                           "/home/anna/run/out/plate.csv append @ 1228800"}) {
    EXPECT_NE(ran.output.find(said), std::string::npos) << said << "\n" << ran.output;
  }
  auto const whole = test::read_file(path);
  for (std::size_t const byte : {std::size_t{100}, std::size_t{5000}, whole.size() - 1}) {
    auto flipped = whole;
    flipped[byte] ^= std::byte{1};
    test::write_file(path, flipped);
    EXPECT_NE(read().output.find("damaged"), std::string::npos) << "at byte " << byte;
  }
  test::write_file(path, ByteView(whole).first(100'000));
  EXPECT_NE(read().output.find("truncated"), std::string::npos);
}

}  // namespace
}  // namespace godwit
