#include "vitrine/feature_store/text.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

namespace vitrine {

namespace {

struct Freed {
  void operator()(utf8proc_uint8_t* bytes) const { std::free(bytes); }
};

const utf8proc_uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const utf8proc_uint8_t*>(text.data());
}

// The code point that `text` starts with and its length; a negative one where it is no UTF-8.
std::pair<utf8proc_int32_t, std::size_t> First(std::string_view text) {
  utf8proc_int32_t point = -1;
  const utf8proc_ssize_t size =
      utf8proc_iterate(Bytes(text), static_cast<utf8proc_ssize_t>(text.size()), &point);
  if (size <= 0) return {-1, 1};
  return {point, static_cast<std::size_t>(size)};
}

// NFKC with case folded and what is invisible (soft hyphens, zero-width joiners) left out.
// REQUIRES: `text` is UTF-8.
std::string Normalised(std::string_view text) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(
      Bytes(text), static_cast<utf8proc_ssize_t>(text.size()), &mapped,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE |
                                     UTF8PROC_CASEFOLD | UTF8PROC_IGNORE));
  const std::unique_ptr<utf8proc_uint8_t, Freed> owner(mapped);
  if (size < 0) return std::string(text);
  return {reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size)};
}

struct Range {
  utf8proc_int32_t first = 0;
  utf8proc_int32_t last = 0;
};

// Blocks of Unicode 14 whose letters are written without blanks between words. Only letters get
// here, so the punctuation inside these blocks does not matter.
constexpr Range kUnspacedBlocks[] = {
    {0x1100, 0x11FF},    // Hangul Jamo
    {0x2E80, 0x2FDF},    // CJK and Kangxi radicals
    {0x3005, 0x3007},    // Ideographic iteration mark, closing mark, zero
    {0x3021, 0x30FF},    // Hangzhou numerals, Hiragana, Katakana
    {0x3100, 0x318F},    // Bopomofo, Hangul compatibility Jamo
    {0x31A0, 0x31FF},    // Bopomofo and Katakana extensions
    {0x3400, 0x4DBF},    // Extension A
    {0x4E00, 0x9FFF},    // Unified ideographs
    {0xA960, 0xA97F},    // Hangul Jamo extended A
    {0xAC00, 0xD7FF},    // Hangul syllables
    {0xF900, 0xFAFF},    // Compatibility ideographs
    {0x1B000, 0x1B16F},  // Kana supplement and extensions
    {0x20000, 0x3FFFD},  // Extensions B and later
};

enum class Kind { kSeparator, kMark, kSpaced, kUnspaced };

Kind KindOf(utf8proc_int32_t point) {
  switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return Kind::kMark;
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      break;
    default:
      return Kind::kSeparator;
  }
  for (const Range& range : kUnspacedBlocks) {
    if (point >= range.first && point <= range.last) return Kind::kUnspaced;
  }
  return Kind::kSpaced;
}

// Collects terms from a stream of classified characters.
class TermCollector {
 public:
  void Add(Kind kind, std::string_view character) {
    if (kind == Kind::kMark) {
      // Belongs to the letter before it; a mark on its own is no term.
      if (!word_.empty()) word_ += character;
      if (!run_.empty()) run_.back() += character;
      return;
    }
    if (kind != Kind::kSpaced) EndWord();
    if (kind != Kind::kUnspaced) EndRun();
    if (kind == Kind::kSpaced) word_ += character;
    if (kind == Kind::kUnspaced) run_.emplace_back(character);
  }

  void End() {
    EndWord();
    EndRun();
  }

  std::vector<std::string> Take() { return std::move(terms_); }

 private:
  void EndWord() {
    if (!word_.empty()) terms_.push_back(std::exchange(word_, {}));
  }

  void EndRun() {
    if (run_.size() == 1) terms_.push_back(run_.front());
    for (std::size_t i = 0; i + 1 < run_.size(); ++i) terms_.push_back(run_[i] + run_[i + 1]);
    run_.clear();
  }

  std::vector<std::string> terms_;
  std::string word_;              // Of a spaced script, so far.
  std::vector<std::string> run_;  // Characters of an unspaced script, so far.
};

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// As CollectTerms of any text, at a tenth of its time: most text is ASCII.
// REQUIRES: IsAscii(text)
void CollectAsciiTerms(std::string_view text, TermCollector& terms) {
  for (const char given : text) {
    const char c = given >= 'A' && given <= 'Z' ? static_cast<char>(given - 'A' + 'a') : given;
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    terms.Add(is_letter ? Kind::kSpaced : Kind::kSeparator, {&c, 1});
  }
  terms.End();
}

// REQUIRES: `text` is UTF-8.
void CollectTerms(std::string_view text, TermCollector& terms) {
  if (IsAscii(text)) return CollectAsciiTerms(text, terms);
  const std::string normalised = Normalised(text);
  std::string_view rest = normalised;
  while (!rest.empty()) {
    const auto [point, size] = First(rest);
    terms.Add(KindOf(point), rest.substr(0, size));
    rest.remove_prefix(size);
  }
  terms.End();
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace

std::vector<std::string> Tokenize(std::string_view text) {
  TermCollector terms;
  std::size_t begin = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const auto [point, size] = First(text.substr(end));
    if (point < 0) {
      CollectTerms(text.substr(begin, end - begin), terms);
      begin = end + size;
    }
    end += size;
  }
  CollectTerms(text.substr(begin), terms);
  return terms.Take();
}

std::vector<std::string> CategoryPrefixes(std::string_view path) {
  std::vector<std::string> prefixes;
  std::string prefix;
  while (!path.empty()) {
    const std::size_t end = path.find('>');
    const std::string_view name = Trimmed(path.substr(0, end));
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
    if (name.empty()) continue;
    if (!prefix.empty()) prefix += " > ";
    prefix += name;
    prefixes.push_back(prefix);
  }
  return prefixes;
}

}  // namespace vitrine
