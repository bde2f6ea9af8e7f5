#include <array>

#include "vitrine/feature_store/transform/text_features.h"

namespace vitrine {

namespace {

// What is left of a word whose apostrophe parts it, such as "don" and "t", is on the lists too.
constexpr auto kEnglish = std::to_array<std::string_view>(
    {"a",     "about", "after", "again", "all",   "also",    "am",    "an",      "and",
     "any",   "are",   "as",    "at",    "be",    "because", "been",  "before",  "being",
     "both",  "but",   "by",    "can",   "could", "d",       "did",   "do",      "does",
     "doing", "don",   "each",  "for",   "from",  "had",     "has",   "have",    "having",
     "he",    "her",   "here",  "hers",  "him",   "his",     "how",   "i",       "if",
     "in",    "into",  "is",    "it",    "its",   "just",    "ll",    "may",     "me",
     "might", "more",  "most",  "must",  "my",    "no",      "nor",   "not",     "of",
     "off",   "on",    "once",  "only",  "or",    "other",   "our",   "ours",    "out",
     "over",  "own",   "per",   "re",    "s",     "same",    "shall", "she",     "should",
     "so",    "some",  "such",  "t",     "than",  "that",    "the",   "their",   "theirs",
     "them",  "then",  "there", "these", "they",  "this",    "those", "through", "to",
     "too",   "under", "until", "up",    "upon",  "us",      "ve",    "very",    "was",
     "we",    "were",  "what",  "when",  "where", "which",   "while", "who",     "whom",
     "why",   "will",  "with",  "would", "you",   "your",    "yours"});

constexpr auto kGerman = std::to_array<std::string_view>(
    {"ab",     "aber",   "alle",     "allem",   "allen",  "aller",   "alles",   "als",    "also",
     "am",     "an",     "andere",   "anderen", "auch",   "auf",     "aus",     "bei",    "beim",
     "bin",    "bis",    "bist",     "da",      "damit",  "dann",    "das",     "dass",   "dein",
     "deine",  "dem",    "den",      "denn",    "der",    "des",     "dich",    "die",    "dies",
     "diese",  "diesem", "diesen",   "dieser",  "dieses", "dir",     "doch",    "du",     "durch",
     "ein",    "eine",   "einem",    "einen",   "einer",  "eines",   "er",      "es",     "etwas",
     "euch",   "euer",   "für",      "gegen",   "hab",    "habe",    "haben",   "hat",    "hatte",
     "hatten", "hier",   "ihm",      "ihn",     "ihnen",  "ihr",     "ihre",    "ihrem",  "ihren",
     "ihrer",  "im",     "in",       "ist",     "jede",   "jedem",   "jeden",   "jeder",  "jedes",
     "kann",   "kein",   "keine",    "keinem",  "keinen", "keiner",  "können",  "könnte", "man",
     "manche", "mehr",   "mein",     "meine",   "mich",   "mir",     "mit",     "muss",   "müssen",
     "nach",   "nicht",  "noch",     "nun",     "nur",    "ob",      "oder",    "ohne",   "pro",
     "sehr",   "sein",   "seine",    "seinem",  "seinen", "seiner",  "selbst",  "sich",   "sie",
     "sind",   "so",     "solche",   "soll",    "sollte", "sondern", "sowie",   "um",     "und",
     "uns",    "unser",  "unsere",   "unter",   "vom",    "von",     "vor",     "war",    "waren",
     "was",    "weil",   "welche",   "welcher", "wenn",   "wer",     "werden",  "wie",    "wieder",
     "will",   "wir",    "wird",     "wo",      "wurde",  "wurden",  "während", "zu",     "zum",
     "zur",    "zwar",   "zwischen", "über"});

constexpr auto kFrench = std::to_array<std::string_view>(
    {"a",     "ai",      "alors",  "as",       "au",   "aucun", "aussi", "autre",  "aux",
     "avec",  "avez",    "avons",  "c",        "car",  "ce",    "cela",  "ces",    "cet",
     "cette", "ceux",    "chaque", "chez",     "ci",   "comme", "d",     "dans",   "de",
     "des",   "donc",    "dont",   "du",       "elle", "elles", "en",    "entre",  "es",
     "est",   "et",      "eux",    "fait",     "ici",  "il",    "ils",   "j",      "je",
     "l",     "la",      "le",     "les",      "leur", "leurs", "lui",   "m",      "ma",
     "mais",  "me",      "mes",    "moi",      "mon",  "même",  "n",     "ne",     "ni",
     "nos",   "notre",   "nous",   "on",       "ont",  "ou",    "où",    "par",    "pas",
     "peu",   "plus",    "pour",   "pourquoi", "qu",   "quand", "que",   "quel",   "quelle",
     "quels", "qui",     "quoi",   "s",        "sa",   "sans",  "se",    "ses",    "si",
     "sinon", "soit",    "sommes", "son",      "sont", "sous",  "sur",   "t",      "ta",
     "te",    "tes",     "toi",    "ton",      "tous", "tout",  "toute", "toutes", "trop",
     "très",  "tu",      "un",     "une",      "vos",  "votre", "vous",  "y",      "à",
     "ça",    "étaient", "était",  "êtes",     "être"});

constexpr auto kSpanish = std::to_array<std::string_view>(
    {"a",       "al",     "algo",   "algunas", "algunos", "ante",  "antes",    "aquel",
     "aquella", "aunque", "aún",    "cada",    "como",    "con",   "contra",   "cual",
     "cuando",  "cómo",   "de",     "del",     "desde",   "donde", "dos",      "durante",
     "e",       "el",     "ella",   "ellas",   "ellos",   "en",    "entre",    "era",
     "eran",    "eres",   "es",     "esa",     "esas",    "ese",   "eso",      "esos",
     "esta",    "estaba", "estar",  "estas",   "este",    "esto",  "estos",    "está",
     "están",   "fue",    "fueron", "ha",      "han",     "hasta", "hay",      "la",
     "las",     "le",     "les",    "lo",      "los",     "me",    "mi",       "mis",
     "muy",     "más",    "mí",     "ni",      "no",      "nos",   "nosotros", "nuestra",
     "nuestro", "o",      "os",     "otra",    "otras",   "otro",  "otros",    "para",
     "pero",    "poco",   "por",    "porque",  "pues",    "que",   "quien",    "quienes",
     "qué",     "se",     "sea",    "ser",     "si",      "sin",   "sobre",    "son",
     "soy",     "su",     "sus",    "sí",      "también", "tanto", "te",       "tiene",
     "tienen",  "todo",   "todos",  "tu",      "tus",     "tú",    "u",        "un",
     "una",     "unas",   "uno",    "unos",    "usted",   "y",     "ya",       "yo",
     "él"});

}  // namespace

std::span<const std::string_view> StopWords(StopWordLanguage language) {
  switch (language) {
    case StopWordLanguage::kEnglish:
      return kEnglish;
    case StopWordLanguage::kGerman:
      return kGerman;
    case StopWordLanguage::kFrench:
      return kFrench;
    case StopWordLanguage::kSpanish:
      return kSpanish;
  }
  return {};
}

}  // namespace vitrine
