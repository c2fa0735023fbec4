#include "app/workload/workload_keys.hpp"

namespace godwit {

std::vector<WorkloadKey> const& top_keys() {
  static std::vector<WorkloadKey> const keys{
      {"godwit", "1", "The schema's version; required"},
      {"accounts", "{NAME: {KEY: VALUE}}",
       "Who may be charged, and what is theirs; GROUP/NAME is a member of a group. Absent: what the runtime "
       "knows"},
      {"defaults", "{KEY: VALUE}", "What each job begins with: any key that isn't a job's own"},
      {"jobs", "{NAME: {KEY: VALUE}}",
       "The jobs. The name is a job's identity: when the file is run again, jobs of the same name go on"}};
  return keys;
}

std::vector<WorkloadKey> const& own_keys() {
  static std::vector<WorkloadKey> const keys{
      {"type", "NAME", "The job type; required. 'godwit types' lists them"},
      {"args", "{PARAMETER: VALUE}", "The type's parameters"},
      {"array", "{AXIS: VALUES}",
       "A job for each combination of the axes' values. VALUES: a list; a range 1..100 or 1..100..5; "
       "{glob: PATTERN}; {lines: FILE}. An axis that has the name of a parameter is that argument; %{AXIS} "
       "stands "
       "for its value in args, environment, cwd, stdout and stderr, %{index} for the job's place in the "
       "array, "
       "%{cores} for its cores, %% for %"},
      {"after", "JOB, [JOB, …] or {JOB: finished | ended}",
       "Starts when those have finished, or ended in any way; of an array, all of it"},
      {"name", "NAME", "Another name than the key"}};
  return keys;
}

std::vector<WorkloadKey> const& common_keys() {
  static std::vector<WorkloadKey> const keys{
      {"account", "NAME", "Who is charged; else you"},
      {"cores", "N", "Cores it uses; else 1"},
      {"memory", "SIZE", "Most memory that it may use, such as 2GiB; set aside on its host"},
      {"resources", "{NAME: N}",
       "Counted resources of its host that are its own while it is there, such as {gpu: 1}"},
      {"labels", "NAME or [NAME, …]", "Its host must carry them all"},
      {"priority", "N", "Among the jobs of its account: the highest is served first; else 0"},
      {"together", "GROUP", "All live jobs of that group are on one host"},
      {"apart", "GROUP", "No two live jobs of that group are on one host"},
      {"host", "N", "Start on this host only"},
      {"cwd", "DIR", "Its working directory, seen from the file's own; else that"},
      {"checkpoint", "{every: …, keep: …, keep_every: …, quota: …, compress: …, partner: …}",
       "When its state is written to the store, and what of it is kept"},
      {"crash_limit", "N", "Crashes after which it fails; else 3"},
      {"host_loss_limit", "N", "Hosts in a row that died with it, after which it is held; else 3; 0: never"},
      {"environment", "{NAME: VALUE}", "Added to the runtime's own"},
      {"max_failed", "N", "Of an array: when more than this many have failed, no more start"},
      {"time_limit", "TIME", "It fails after running for that long, such as 6h"},
      {"step_limit", "TIME", "A step that takes longer counts as a crash"},
      {"stdout", "PATH", "A file for its stdout, seen from its directory; else the store's own"},
      {"stderr", "PATH", "The same for its stderr"}};
  return keys;
}

std::vector<WorkloadKey> const& account_keys() {
  static std::vector<WorkloadKey> const keys{
      {"shares", "N", "Of its group's capacity, against its siblings'; else 1"},
      {"hosts", "[N, …]", "Hosts that it owns: running there costs it nothing"},
      {"cores_max", "N", "Cores that it may have at once; else any number"}};
  return keys;
}

std::vector<WorkloadKey> const& checkpoint_keys() {
  static std::vector<WorkloadKey> const keys{
      {"every", "TIME, auto or never",
       "auto: as often as pays, from what one costs; never: on request and at shutdown only"},
      {"keep", "N", "The newest generations to keep; else all"},
      {"keep_every", "N or TIME",
       "Of the older ones each Nth is kept, too, or the first in each such time; goes with keep"},
      {"quota", "SIZE", "Most that all its generations may take, such as 10GiB: the oldest go first"},
      {"compress", "true or false",
       "Large arrays are written compressed (shuffle and deflate, as HDF5 tools read them): smaller, and slower to write"},
      {"partner", "true or false", "A copy in another host's memory as well, for restarts that need no disk"}};
  return keys;
}

std::vector<WorkloadKey> const& axis_keys() {
  static std::vector<WorkloadKey> const keys{
      {"glob", "PATTERN", "The paths that match, sorted, seen from the file's directory; at least one must"},
      {"lines", "FILE", "Its lines but for empty ones"}};
  return keys;
}

std::vector<std::string> const& later_keys() {
  static std::vector<std::string> const keys{"program", "restart"};
  return keys;
}

std::vector<std::string> names_of(std::vector<WorkloadKey> const& keys) {
  std::vector<std::string> names;
  for (auto const& key : keys) names.push_back(key.name);
  return names;
}

}  // namespace godwit
