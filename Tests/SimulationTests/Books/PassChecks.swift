import Basics
import SimulatedCity
import Transit

extension BooksChecker {
  /// Rides of one carnet.
  private static let tripsOfCarnet = 10

  /// Counts every carnet down ride by ride: no ride is carried without a trip that is left, no adult
  /// pays while one is, and what the desk says is used is what the rides took, the oldest first.
  func passFindings() async throws -> [String] {
    let lines = try await house.texts(
      """
      select concat_ws(' ', rider_id, (extract(epoch from started_at) * 1000000)::int8, fare_day,
        category, coalesce(charged_minor, -1), coalesce(nominal_minor, -1), product)
      from ride where reversed_run_id is null order by rider_id, started_at
      """)
    var rides: [String: [CarriedRide]] = [:]
    for line in lines {
      let words = line.split(separator: " ", maxSplits: 6).map(String.init)
      rides[words[0], default: []].append(
        CarriedRide(
          microseconds: Int64(words[1]) ?? 0, day: words[2], category: words[3],
          chargedMinor: Int64(words[4]) ?? 0, nominalMinor: Int64(words[5]) ?? 0,
          isCarried: words.count > 6 && words[6] == "ten rides"))
    }
    var findings: [String] = []
    var used: [String] = []
    for rider in world.model.riders {
      let bought = (world.model.purchases[rider] ?? []).sorted { $0.at < $1.at }
      var taken = [Int](repeating: 0, count: bought.count)
      var recognised = taken
      for ride in rides["\(rider)"] ?? [] {
        let place = bought.indices.first {
          bought[$0].at.microseconds <= ride.microseconds && taken[$0] < Self.tripsOfCarnet
        }
        if ride.isCarried {
          guard let place else {
            findings.append("a ride of \(rider) on \(ride.day) is carried by no carnet")
            continue
          }
          if ride.chargedMinor != 0 || ride.nominalMinor <= 0 {
            findings.append("a carried ride of \(rider) on \(ride.day) costs \(ride.chargedMinor)")
          }
          taken[place] += 1
          if let last = world.recognisedThrough, ride.day <= "\(last)" { recognised[place] += 1 }
        } else if place != nil, ride.category == "adult", ride.chargedMinor > 0 {
          findings.append("\(rider) paid on \(ride.day) though a carnet had trips left")
        }
      }
      used += zip(bought, recognised).map { "\(rider) \($0.at.microseconds) \($1)" }
    }
    return findings
      + compare(
        "a carnet", expected: used,
        found: try await house.texts(
          """
          select concat_ws(' ', rider_id, (extract(epoch from granted_at) * 1000000)::int8,
            rides_used) from product_holding
          """))
  }

  private struct CarriedRide {
    let microseconds: Int64
    let day: String
    let category: String
    let chargedMinor: Int64
    let nominalMinor: Int64
    let isCarried: Bool
  }
}
