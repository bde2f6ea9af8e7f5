#pragma once

#include <cstddef>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace vitrine::testing {

// Every "vitrine_..." and "process_..." in a text, without what Prometheus adds to a histogram's.
inline std::set<std::string> NamesIn(const std::string& text) {
  const char* const word = "abcdefghijklmnopqrstuvwxyz_";
  std::set<std::string> names;
  for (std::size_t at = 0; (at = text.find_first_of(word, at)) != std::string::npos;) {
    std::string name = text.substr(at, text.find_first_not_of(word, at) - at);
    at += name.size();
    for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
      if (name.ends_with("_seconds" + suffix)) name.resize(name.size() - suffix.size());
    }
    if (name.starts_with("vitrine_") || name.starts_with("process_")) names.insert(name);
  }
  return names;
}

// A file of docs/.
inline std::string ReadDoc(const std::string& name) {
  std::ifstream file(std::string(VITRINE_DOCS) + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace vitrine::testing
