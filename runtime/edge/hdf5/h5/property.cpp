#include "edge/hdf5/h5/property.hpp"

#include "edge/hdf5/h5/error.hpp"

namespace godwit::h5 {
namespace {

constexpr unsigned attributes_in_header = 64;
// Beyond that a group keeps its links in a heap, which allocates space when it is closed.
constexpr unsigned links_in_header = 60'000;

Id list_of(hid_t family) {
  return {check(H5Pcreate(family), "making a property list"), &H5Pclose};
}

}  // namespace

Id file_access(Since since) {
  auto list = list_of(H5P_FILE_ACCESS);
  check(H5Pset_file_locking(list.get(), false, true), "switching file locks off");
  auto const newest = since == Since::v1_8 ? H5F_LIBVER_V18 : H5F_LIBVER_V110;
  check(H5Pset_libver_bounds(list.get(), H5F_LIBVER_V18, newest), "choosing the file's version");
  if (since == Since::v1_10) keep_small_data_apart(list);
  check(H5Pset_fclose_degree(list.get(), H5F_CLOSE_STRONG), "choosing how files are closed");
  return list;
}

Id file_creation(std::uint64_t user_block_bytes) {
  auto list = list_of(H5P_FILE_CREATE);
  check(H5Pset_userblock(list.get(), user_block_bytes), "reserving the user block");
  check(H5Pset_obj_track_times(list.get(), false), "switching time stamps off");
  check(H5Pset_attr_phase_change(list.get(), attributes_in_header, 0), "making room for attributes");
  return list;
}

Id group_creation() {
  auto list = list_of(H5P_GROUP_CREATE);
  check(H5Pset_obj_track_times(list.get(), false), "switching time stamps off");
  check(H5Pset_link_creation_order(list.get(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED),
        "keeping the order of links");
  check(H5Pset_link_phase_change(list.get(), links_in_header, 0), "making room for links");
  return list;
}

void keep_small_data_apart(Id const& access) {
  check(H5Pset_small_data_block_size(access.get(), 0), "keeping small data apart");
}

Id chunked_creation(std::vector<std::uint64_t> const& chunk) {
  constexpr unsigned level = 1;
  auto list = list_of(H5P_DATASET_CREATE);
  std::vector<hsize_t> const extents(chunk.begin(), chunk.end());
  check(H5Pset_obj_track_times(list.get(), false), "switching time stamps off");
  check(H5Pset_fill_time(list.get(), H5D_FILL_TIME_NEVER), "switching fill values off");
  check(H5Pset_chunk(list.get(), static_cast<int>(extents.size()), extents.data()), "choosing chunks");
  check(H5Pset_shuffle(list.get()), "choosing to shuffle");
  check(H5Pset_deflate(list.get(), level), "choosing to deflate");
  return list;
}

Id dataset_creation(Layout layout) {
  auto list = list_of(H5P_DATASET_CREATE);
  check(H5Pset_obj_track_times(list.get(), false), "switching time stamps off");
  if (layout == Layout::mapped) return list;
  if (layout != Layout::of_texts) {
    check(H5Pset_fill_time(list.get(), H5D_FILL_TIME_NEVER), "switching fill values off");
  }
  if (layout == Layout::compact) {
    check(H5Pset_layout(list.get(), H5D_COMPACT), "choosing compact storage");
  } else {
    auto const when = layout == Layout::contiguous_late ? H5D_ALLOC_TIME_LATE : H5D_ALLOC_TIME_EARLY;
    check(H5Pset_layout(list.get(), H5D_CONTIGUOUS), "choosing contiguous storage");
    check(H5Pset_alloc_time(list.get(), when), "choosing when storage is allocated");
  }
  return list;
}

}  // namespace godwit::h5
