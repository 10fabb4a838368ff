import Foundation
import Tariff
import Testing

/// Fares published by others, reproduced by the tariff of the same name.
struct OracleTests {
  @Test(
    .enabled(if: Folders.hasOracles, "skipped: no real data"), arguments: Folders.oracles)
  func publishedFaresAreReproduced(_ name: String) throws {
    let reading = try Folders.source(name).load()
    #expect(reading.faults.map(\.description) == [])
    let book = try #require(reading.book)
    let taps = try #require(Folders.oracle(name, "taps.csv"))
    let output = try PriceTable.price(
      taps: taps, book: book,
      beside: PriceTable.Supplements(
        products: Folders.oracle(name, "products.csv"),
        balances: Folders.oracle(name, "balances.csv")))
    let expected = rows(try #require(Folders.oracle(name, "expected.csv")))
    var priced: [String: [[String: String]]] = [:]
    for row in rows(output) {
      priced[(row["case"] ?? "") + "|" + (row["category"] ?? ""), default: []].append(row)
    }
    var faults: [String] = []
    var counts: [String: Int] = [:]
    for row in expected {
      let key = (row["case"] ?? "") + "|" + (row["category"] ?? "")
      let rides = priced[key] ?? []
      let ride = Int(row["ride"] ?? "") ?? -1
      let total = rides.first?["total"] ?? "none"
      if total != row["total"] {
        faults.append("\(key): total \(total), published \(row["total"] ?? "")")
      }
      guard ride > 0 else {
        counts[key] = 10_000
        continue
      }
      counts[key, default: 0] += 1
      guard ride <= rides.count, rides[ride - 1]["charged"] == row["charged"] else {
        let found = ride <= rides.count ? rides[ride - 1] : [:]
        faults.append(
          "\(key) ride \(ride): \(found["charged"] ?? "none") (\(found["reason"] ?? "")), "
            + "published \(row["charged"] ?? "")")
        continue
      }
    }
    for (key, count) in counts where count < 10_000 && (priced[key]?.count ?? 0) != count {
      faults.append("\(key): \(priced[key]?.count ?? 0) rides, published \(count)")
    }
    #expect(faults.isEmpty, "\(faults.count) faults: \(faults.prefix(12).joined(separator: "\n"))")
  }
}
