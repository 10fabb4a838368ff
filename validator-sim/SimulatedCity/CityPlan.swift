import Basics
package import Transit

/// A kind of day for which the invented city has a timetable.
package enum ServiceKind: String, Sendable, CaseIterable {
  case weekday, saturday, sunday
}

/// A line of the invented city: where it runs, how fast and how often.
package struct CityLine: Sendable {
  /// `route_id`: `tram-1`.
  package let id: String
  package let shortName: String
  package let mode: Mode
  /// `agency_id` of who runs it.
  package let operatorID: String
  /// The ends and the crossings at which it turns, in direction 0.
  package let corners: [Crossing]
  /// Minutes between departures on a weekday, a Saturday and a Sunday.
  let headwayMinutes: (weekday: Int, saturday: Int, sunday: Int)

  /// Crossings with a stop, in driving order.
  package func crossings(direction: Int) -> [Crossing] {
    let forth = Grid.crossings(along: corners)
    return direction == 0 ? forth : forth.reversed()
  }

  /// Seconds from a departure to the next departure: running and dwelling.
  package var hopSeconds: Int { mode == .tram ? 120 : 90 }

  /// Seconds that a vehicle stands at each stop between its ends.
  package static let dwellSeconds = 20

  /// Seconds between departures.
  package func headwaySeconds(_ kind: ServiceKind) -> Int {
    switch kind {
    case .weekday: headwayMinutes.weekday * 60
    case .saturday: headwayMinutes.saturday * 60
    case .sunday: headwayMinutes.sunday * 60
    }
  }

  /// Seconds from the first departure to the last arrival of a trip.
  package var tripSeconds: Int { (crossings(direction: 0).count - 1) * hopSeconds }
}

/// The invented city Zelenohrad as data: its lines, and street names dealt out by a seed.
package struct CityPlan: Sendable {
  /// One name per row, for streets that run west to east.
  package let streets: [String]
  /// One name per column, for avenues that run south to north.
  package let avenues: [String]
  package let seed: UInt64

  /// Deals the names of the streets; where the lines run and when is the same for every seed.
  package init(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    self.seed = seed
    streets = Array(Self.streetNames.shuffled(using: &generator).prefix(Grid.rowCount))
    avenues = Array(Self.avenueNames.shuffled(using: &generator).prefix(Grid.columnCount))
  }

  /// The name of the stops at a crossing.
  package func name(of crossing: Crossing) -> String {
    Self.landmarks[crossing] ?? "\(streets[crossing.row]) / \(avenues[crossing.column])"
  }

  /// Who runs the lines: `agency_id` and name.
  package static let operators = [
    (id: "TRAMTROL", name: "КП «Зеленоградтрамтрол»"),
    (id: "AVTO1", name: "ТОВ «Автопарк-1»"),
    (id: "AVTO2", name: "ПП «Зелений автобус»"),
  ]

  private static let tramHeadway = (weekday: 10, saturday: 15, sunday: 20)
  private static let trolleybusHeadway = (weekday: 12, saturday: 15, sunday: 20)
  private static let busHeadway = (weekday: 15, saturday: 20, sunday: 30)

  private static func tram(_ name: String, _ corners: [Crossing]) -> CityLine {
    CityLine(
      id: "tram-\(name)", shortName: name, mode: .tram, operatorID: "TRAMTROL", corners: corners,
      headwayMinutes: tramHeadway)
  }

  private static func trolleybus(_ name: String, _ corners: [Crossing]) -> CityLine {
    CityLine(
      id: "trol-\(name)", shortName: name, mode: .trolleybus, operatorID: "TRAMTROL",
      corners: corners, headwayMinutes: trolleybusHeadway)
  }

  private static func bus(_ name: String, _ operatorID: String, _ corners: [Crossing]) -> CityLine {
    CityLine(
      id: "bus-\(name)", shortName: name, mode: .bus, operatorID: operatorID, corners: corners,
      headwayMinutes: busHeadway)
  }

  /// All lines; trams and trolleybuses share short names, as they do in Ukrainian cities.
  package static let lines = [
    tram("1", [Crossing(0, 4), Crossing(12, 4)]),
    tram("2", [Crossing(6, 0), Crossing(6, 8)]),
    tram("3", [Crossing(1, 8), Crossing(1, 4), Crossing(8, 4), Crossing(8, 0)]),
    trolleybus("1", [Crossing(0, 2), Crossing(12, 2)]),
    trolleybus("2", [Crossing(3, 0), Crossing(3, 8)]),
    trolleybus("3", [Crossing(0, 6), Crossing(6, 6), Crossing(6, 4), Crossing(12, 4)]),
    trolleybus("4", [Crossing(10, 0), Crossing(10, 8)]),
    bus("11", "AVTO1", [Crossing(0, 0), Crossing(12, 0)]),
    bus("12", "AVTO1", [Crossing(0, 8), Crossing(12, 8)]),
    bus("13", "AVTO1", [Crossing(0, 0), Crossing(0, 8)]),
    bus("14", "AVTO1", [Crossing(2, 1), Crossing(2, 5), Crossing(9, 5), Crossing(9, 7)]),
    bus("21", "AVTO2", [Crossing(12, 0), Crossing(12, 8)]),
    bus("22", "AVTO2", [Crossing(4, 8), Crossing(4, 3), Crossing(11, 3), Crossing(11, 0)]),
    bus("23", "AVTO2", [Crossing(1, 7), Crossing(12, 7)]),
    bus("24", "AVTO2", [Crossing(8, 8), Crossing(8, 5), Crossing(5, 5), Crossing(5, 1)]),
  ]

  private static let landmarks = [
    Crossing(0, 4): "Трамвайне депо", Crossing(12, 4): "Аеродром",
    Crossing(1, 4): "Залізничний вокзал", Crossing(6, 4): "Площа Незалежності",
    Crossing(8, 4): "Центральний ринок", Crossing(9, 5): "Університет",
    Crossing(10, 3): "Міська лікарня", Crossing(3, 2): "Театр",
    Crossing(6, 0): "Річковий вокзал", Crossing(6, 8): "Ботанічний сад",
  ]

  private static let streetNames = [
    "Набережна", "Липова", "Ткацька", "Соборна", "Шевченка", "Садова", "Польова", "Вишнева",
    "Лісова", "Гончарна", "Ковальська", "Каштанова",
  ]

  private static let avenueNames = [
    "Заводська", "Млинова", "Київська", "Франка", "Лесі Українки", "Університетська", "Сонячна",
    "Козацька", "Шкільна", "Європейська", "Джерельна", "Мистецька", "Яблунева", "Грушевського",
    "Поштова", "Зарічна",
  ]
}
