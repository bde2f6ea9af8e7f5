#pragma once

namespace vitrine::cli {

// What `vitrine evaluate --help` ends with.
inline constexpr const char* kEvaluateHelp =
    "On files: pairs-by-user and sequences have a line \"user item item ...\" for each user, tsv\n"
    "has \"user<TAB>item[<TAB>weight[<TAB>unix_seconds]]\". What a user had before is masked, "
    "unless\n"
    "--repeats. On a store: every scorer and the blend beside most popular, on the latest tenth "
    "of\n"
    "the interactions.\n\n"
    "Examples:\n"
    "  vitrine evaluate --train train.txt --test test.txt --format pairs-by-user \\\n"
    "    --scorer ials --set dimensions=128 --at 10,20 --json\n"
    "  vitrine evaluate --protocol temporal --cut 2011-09-10 --data shop.tsv --scorer blend \\\n"
    "    --set ials.dimensions=32 --set weights.item_knn=1\n"
    "  vitrine evaluate --protocol leave-last-out --data sequences.txt --format sequences \\\n"
    "    --scorer item_knn --at 10 --part validation\n"
    "  vitrine evaluate --protocol leave-last-out --data sequences.txt --format sequences \\\n"
    "    --scorer sequence_rnn --loss-curve loss.svg\n"
    "  vitrine evaluate --protocol next-basket --data shop.tsv --scorer blend --at 10\n"
    "  vitrine evaluate --protocol session-prefix --data clicks.tsv --scorer item_knn --at 10\n"
    "  vitrine evaluate --protocol ratings --data ratings.tsv --scorer rating_mf \\\n"
    "    --against rating_mf --against-set dimensions=0\n"
    "  vitrine evaluate --protocol classification --data sessions.csv --label Revenue \\\n"
    "    --categories Region,Browser --curves curves.svg\n"
    "  vitrine evaluate --store store\n"
    "  vitrine evaluate --store store --protocol purchases --set inputs=events\n"
    "  vitrine evaluate --store store --protocol cold-items --scorer content --against content \\\n"
    "    --against-set meaning_weight=0\n"
    "  vitrine evaluate --store store --protocol new-shoppers --scorer two_tower \\\n"
    "    --against most_popular\n"
    "docs/evaluation.md defines the metrics, docs/cli.md has the commands of the protocols.";

}  // namespace vitrine::cli
