#pragma once

#include <array>
#include <span>
#include <string_view>

namespace vitrine::simulate {

// A word in English and in Chinese.
struct Word {
  std::string_view english{};
  std::string_view chinese{};
};

// A kind of product.
struct Noun {
  Word name{};
  double price = 0;  // What one typically costs, in units of the currency.
};

// What the products of one category are made of.
struct CategoryWords {
  Word path{};  // "Home > Kitchen"
  std::array<Noun, 6> nouns{};
  std::array<Word, 6> styles{};
  std::array<Word, 3> uses{};
  std::array<Word, 2> features{};
  std::array<std::string_view, 4> brands{};
  double peak_day = 0;           // Day of the year when most is sold.
  double season = 0;             // How much: log-odds between peak and mean.
  bool is_bought_often = false;  // The same shopper buys the same product again.
};

std::span<const CategoryWords> Categories();
std::span<const Word> Colours();      // Of variants.
std::span<const Word> Collections();  // Told apart within a brand by these.

}  // namespace vitrine::simulate
