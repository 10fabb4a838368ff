package import Basics
import Postgres

/// Which rides of a fare day are told in open data.
package struct OpenFareChoice: Hashable, Sendable {
  /// Those of these pairs of a category and a product.
  package var groups: Set<OpenFareGroup>
  /// But for those of some riders of one pair, who are left out with the riders of rare pairs.
  package var leftOut: LeftOut?

  /// Riders who are left out though many have their category and product.
  package struct LeftOut: Hashable, Sendable {
    package let group: OpenFareGroup
    package let riders: [RiderID]
  }
}

extension OpenDataTables {
  /// A pair that is told, and how many riders of the day have it.
  private struct ToldGroup {
    let group: OpenFareGroup
    let riderCount: Int
  }

  /// The rides that are told: of pairs of a category and a product that at least so many riders of a fare day have.
  ///
  /// Nor have fewer riders all the others together: one veteran would be the only ride that is left out. Where they would, as many
  /// riders of the pair of the fewest riders are left out with them as are wanting, and all where fewer would be left of it.
  package func choice(of day: Day, ridersMin: Int) async throws -> OpenFareChoice {
    var told = try await groups(of: day, ridersMin: ridersMin)
    var choice = OpenFareChoice(groups: Set(told.map(\.group)))
    let others = try await riders(
      of: day, inNoneOf: told.map(\.group), countMax: ridersMin)
    guard !others.isEmpty, others.count < ridersMin, let smallest = told.popLast() else {
      return choice
    }
    let wanting = ridersMin - others.count
    if smallest.riderCount - wanting < ridersMin {
      choice.groups.remove(smallest.group)
    } else {
      choice.leftOut = OpenFareChoice.LeftOut(
        group: smallest.group,
        riders: try await riders(
          of: smallest.group, day: day, besides: others, count: wanting))
    }
    return choice
  }

  /// Pairs of at least so many riders, the one of most first.
  private func groups(of day: Day, ridersMin: Int) async throws -> [ToldGroup] {
    try await connection.query(
      """
      select category, product, count(distinct rider_id)::int8 from ride
      where fare_day = $1 and reversed_run_id is null and charged_minor is not null
      group by category, product having count(distinct rider_id) >= $2
      order by count(distinct rider_id) desc, category, product limit $3
      """, [.date(day), .int8(Int64(ridersMin)), .int8(Int64(Self.groupsMax))]
    ).map {
      ToldGroup(
        group: OpenFareGroup(category: try $0.text(0), product: try $0.text(1)),
        riderCount: try $0.int(2))
    }
  }

  /// Riders of a fare day who have a ride in none of some pairs, at most so many.
  private func riders(
    of day: Day, inNoneOf groups: [OpenFareGroup], countMax: Int
  ) async throws -> [RiderID] {
    try await connection.query(
      """
      select distinct r.rider_id from ride r
      where r.fare_day = $1 and r.reversed_run_id is null and r.charged_minor is not null
        and not exists (
          select from unnest($2::text[], $3::text[]) as g (category, product)
          where g.category = r.category and g.product = r.product)
      limit $4
      """,
      [
        .date(day), .texts(groups.map { Optional($0.category) }),
        .texts(groups.map { Optional($0.product) }), .int8(Int64(countMax)),
      ]
    ).map { try $0.identifier(0) }
  }

  /// Some riders of a pair who are not others: on each day as chance has it, and the same whenever it is asked.
  private func riders(
    of group: OpenFareGroup, day: Day, besides others: [RiderID], count: Int
  ) async throws -> [RiderID] {
    try await connection.query(
      """
      select rider_id from ride
      where fare_day = $1 and reversed_run_id is null and charged_minor is not null
        and category = $2 and product = $3 and rider_id <> all($4)
      group by rider_id order by md5(rider_id::text || $1::date::text), rider_id limit $5
      """,
      [
        .date(day), .text(group.category), .text(group.product), .identifiers(others),
        .int8(Int64(count)),
      ]
    ).map { try $0.identifier(0) }
  }
}
