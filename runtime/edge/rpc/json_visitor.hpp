// JsonWriter and JsonReader: a struct names its members once (fields.hpp), and both directions follow.
// Internal to this folder.
//
// The reader keeps the first fault, with the path to it ("params.jobs[2].cores: an integer was
// expected"), and reads the rest as defaults. It checks every type and range; it never throws.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace godwit::rpc {

using Json = nlohmann::json;

// The spelling of each value of an enum; specialised in fields.hpp.
template <class E>
struct Spelling;

class JsonWriter {
 public:
  template <class T>
  void operator()(char const* name, T& member) {
    json_[name] = write(member);
  }
  template <class T>
  void must(char const* name, T& member) {
    (*this)(name, member);
  }
  [[nodiscard]] Json take() { return std::move(json_); }

  template <class T>
  static Json write(T const& value) {
    if constexpr (std::is_enum_v<T>) {
      return Spelling<T>::name(value);
    } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
      return value;
    } else {
      return write_object(value);
    }
  }

 private:
  template <class Tag, class Number>
  static Json write_object(Id<Tag, Number> const& id) { return id.value; }
  static Json write_object(JobId const& id) { return id.value; }
  static Json write_object(Rank const& rank) { return rank == no_rank ? Json() : Json(rank.value); }
  static Json write_object(Duration const& duration) { return duration.count(); }
  static Json write_object(WallTime const& time) { return time.unix_ns; }
  template <class T>
  static Json write_object(std::optional<T> const& maybe) { return maybe ? write(*maybe) : Json(); }
  template <class T>
  static Json write_object(std::vector<T> const& items) {
    auto list = Json::array();
    for (auto const& item : items) list.push_back(write(static_cast<T const&>(item)));
    return list;
  }
  template <class T>
  static Json write_object(std::map<std::string, T> const& items) {
    auto map = Json::object();
    for (auto const& [key, item] : items) map[key] = write(item);
    return map;
  }
  template <class T>
  static Json write_object(T const& object) {
    JsonWriter writer;
    writer.json_ = Json::object();
    fields(writer, const_cast<T&>(object));
    return writer.take();
  }

  Json json_ = Json::object();
};

class JsonReader {
 public:
  // `strict`: members that nobody asks for are faults.
  JsonReader(std::string& fault, bool strict) : fault_(fault), strict_(strict) {}

  template <class T>
  void read(Json const& json, std::string const& path, T& value) {
    if (!fault_.empty()) return;
    if constexpr (std::is_same_v<T, bool>) {
      if (!json.is_boolean()) return fail(path, "true or false was expected");
      value = json.get<bool>();
    } else if constexpr (std::is_integral_v<T>) {
      read_integer(json, path, value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (!json.is_string()) return fail(path, "a text was expected");
      value = json.get_ref<std::string const&>();
    } else if constexpr (std::is_enum_v<T>) {
      if (!json.is_string() || !Spelling<T>::parse(json.get_ref<std::string const&>(), value)) {
        fail(path, "an unknown word");
      }
    } else {
      read_object(json, path, value);
    }
  }

 private:
  // What fields() sees while one object is read.
  class Members {
   public:
    Members(JsonReader& reader, Json const& json, std::string const& path)
        : reader_(reader), json_(json), path_(path) {}
    template <class T>
    void operator()(char const* name, T& member) {
      ++known_;
      auto const found = json_.find(name);
      if (found == json_.end()) {
        --known_;
      } else {
        reader_.read(*found, path_ + "." + name, member);
      }
      names_.emplace_back(name);
    }
    template <class T>
    void must(char const* name, T& member) {
      if (!json_.contains(name)) reader_.fail(path_ + "." + name, "missing");
      (*this)(name, member);
    }
    void finish() {
      if (!reader_.strict_ || known_ == json_.size()) return;
      for (auto const& [key, value] : json_.items()) {
        if (std::find(names_.begin(), names_.end(), key) == names_.end()) {
          reader_.fail(path_ + "." + key, "not known here");
        }
      }
    }

   private:
    JsonReader& reader_;
    Json const& json_;
    std::string const& path_;
    std::vector<std::string> names_;
    std::size_t known_ = 0;
  };

  void fail(std::string const& path, char const* what) {
    if (fault_.empty()) fault_ = path + ": " + what;
  }

  template <class T>
  void read_integer(Json const& json, std::string const& path, T& value) {
    if (!json.is_number_integer()) return fail(path, "an integer was expected");
    bool const fits = json.is_number_unsigned() ? std::in_range<T>(json.get<std::uint64_t>())
                                                : std::in_range<T>(json.get<std::int64_t>());
    if (!fits) return fail(path, "out of range");
    value = json.get<T>();
  }
  template <class Tag, class Number>
  void read_object(Json const& json, std::string const& path, Id<Tag, Number>& id) {
    read(json, path, id.value);
  }
  void read_object(Json const& json, std::string const& path, JobId& id) { read(json, path, id.value); }
  void read_object(Json const& json, std::string const& path, Rank& rank) {
    if (json.is_null()) {
      rank = no_rank;
    } else {
      read(json, path, rank.value);
      if (rank.value < 0) fail(path, "a host is counted from 1; null means none");
    }
  }
  void read_object(Json const& json, std::string const& path, Duration& duration) {
    std::int64_t count = 0;
    read(json, path, count);
    duration = Duration{count};
  }
  void read_object(Json const& json, std::string const& path, WallTime& time) {
    read(json, path, time.unix_ns);
  }
  template <class T>
  void read_object(Json const& json, std::string const& path, std::optional<T>& maybe) {
    maybe.reset();
    if (!json.is_null()) read(json, path, maybe.emplace());
  }
  void read_object(Json const& json, std::string const& path, std::vector<bool>& items) {
    if (!json.is_array()) return fail(path, "a list was expected");
    for (auto const& item : json) {
      bool value = false;
      read(item, path + "[]", value);
      items.push_back(value);
    }
  }
  template <class T>
  void read_object(Json const& json, std::string const& path, std::vector<T>& items) {
    if (!json.is_array()) return fail(path, "a list was expected");
    for (auto const& item : json) {
      auto& value = items.emplace_back();
      read(item, path + "[" + std::to_string(items.size() - 1) + "]", value);
    }
  }
  template <class T>
  void read_object(Json const& json, std::string const& path, std::map<std::string, T>& items) {
    if (!json.is_object()) return fail(path, "an object was expected");
    for (auto const& [key, item] : json.items()) read(item, path + "." + key, items[key]);
  }
  template <class T>
  void read_object(Json const& json, std::string const& path, T& object) {
    if (!json.is_object()) return fail(path, "an object was expected");
    Members members(*this, json, path);
    fields(members, object);
    members.finish();
  }

  std::string& fault_;
  bool strict_;
};

}  // namespace godwit::rpc
