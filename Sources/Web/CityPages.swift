import Basics
import HTTPTypes
import Insight
import Store
import Tracking
import Transit

/// The map of vehicles, and the load of a route.
extension Handlers {
  private struct MapModel {
    let hasLibrary: Bool
    let vehicles: Listing<VehicleRow>?
  }

  private struct VehicleRow {
    let name: String
    let route: String
    let seenAt: String
    let speed: String
    let aboard: String
    let place: String
  }

  func mapPage(_ request: WebRequest) async throws -> Answer {
    let people = self.people(request)
    let live = try await services.vehicles.found()
    let model = MapModel(
      hasLibrary: !services.assets.missingPackages.contains("libjs-leaflet"),
      vehicles: Listing(live.vehicles) { vehicle in
        let status = vehicle.status
        let mode = vehicle.mode.map { " · " + $0.title[request.language] } ?? ""
        let place = status.coordinate
        return VehicleRow(
          name: status.label ?? status.vehicle,
          route: vehicle.routeName.map { $0 + mode } ?? "–", seenAt: people.clock(status.at),
          speed: status.speedMetresPerSecond.map { people.decimal($0 * 3.6) } ?? "–",
          aboard: vehicle.passengers.map { people.number($0) } ?? "–",
          place: vehicle.stopName
            ?? people.degrees(place.latitude) + ", " + people.degrees(place.longitude))
      })
    let frame = PageFrame(request, titleName: "map_title", people: people)
    return pages.page("map", frame: frame, language: request.language, model)
  }

  private struct LoadModel {
    let routes: Listing<Choice>?
    let directions: [Choice]
    /// Boardings that are in no route of the list; nil where there are none.
    let ofNoRoute: Figure?
    let date: String
    let hourFrom: String
    let hourTo: String
    var notice: String?
    var load: LoadTable?
  }

  private struct LoadTable {
    let heading: String
    /// What was asked, as a query for the numbers in other forms.
    let query: String
    let figures: [Figure]
    let rounding: String?
    let stops: [LoadRow]
  }

  private struct LoadRow {
    let order: Int
    let name: String
    let boardings: String
    let alightings: String
    let load: String
    /// Empty where the group is too small to be shown; the chart leaves a hole then.
    let boardingsValue: String
    let alightingsValue: String
    let loadValue: String
  }

  func loadPage(_ request: WebRequest) async throws -> Answer {
    let people = self.people(request)
    let today = services.city.current.fareDay(of: request.receivedAt)
    let day = try request.queryDay("date") ?? today
    let asked = request.queryText("route")
    let direction = try request.queryInt("direction", in: 0...1) ?? 0
    let first = try request.queryInt("from", in: 0...23)
    let last = try request.queryInt("to", in: 1...24)
    let operatorID = request.caller?.operatorID
    let found = try await services.insight.routes(on: day, operatorID: operatorID)
    let meant = asked.flatMap(found.route(named:))
    var model = LoadModel(
      routes: Listing(found.routes) { route in
        let label = route.longName.isEmpty ? route.name : "\(route.name) – \(route.longName)"
        let few = "<\(route.ridersMin)"
        let isAsked = route.id == asked || route.name == asked
        // Beside its load, which counts hidden riders once, its number would tell how often they rode.
        let counted =
          isAsked || route.boardings == 0
          ? "" : " (\(route.boardings.map { people.number($0) } ?? few))"
        return Choice(value: route.id, label: label + counted, isSelected: isAsked)
      },
      directions: [0, 1].map {
        Choice(
          value: String($0), label: Self.terminus(of: meant, direction: $0) ?? String($0),
          isSelected: $0 == direction)
      },
      ofNoRoute: found.hasBoardingsOfNoRoute
        ? Figure(people.text("load_no_route"), people.number(found.boardingsOfNoRoute)) : nil,
      date: day.description, hourFrom: first.map(String.init) ?? "",
      hourTo: last.map(String.init) ?? "")
    if let asked {
      var question = RouteLoadQuestion(route: asked, day: day, direction: direction)
      question.operatorID = operatorID
      if first != nil || last != nil {
        guard (first ?? 0) < (last ?? 24) else {
          throw Problem.badParameter("to", "the last hour lies before the first")
        }
        question.hours = (first ?? 0)..<(last ?? 24)
      }
      do {
        model.load = Handlers.loadTable(
          try await load(question), towards: Self.terminus(of: meant, direction: direction),
          people)
      } catch let problem as Problem where problem.code == "route_ambiguous" {
        model.notice = people.text("load_ambiguous")
      } catch let problem as Problem where problem.status.code < 500 {
        model.notice = people.text("load_none")
      }
    } else if !found.routes.isEmpty {
      model.notice = people.text("load_choose")
    }
    let frame = PageFrame(request, titleName: "load_title", people: people)
    return pages.page("load", frame: frame, language: request.language, model)
  }

  /// A direction as people know it, by the last stop; nil where the network of the day does not tell.
  private static func terminus(of route: RouteOfDay?, direction: Int) -> String? {
    route?.lastStops[direction].map { "\(direction): \($0)" }
  }

  /// Taps that may still come into the load, of all routes and days.
  private static func missing(_ taps: MissingTaps, _ people: People) -> [Figure] {
    [
      ("load_unsorted", taps.unsorted), ("load_set_aside", taps.setAside),
      ("load_quarantined", taps.quarantined),
      ("load_numbers", taps.numbers),
    ].map { name, count in
      Figure(people.text(name), people.number(count), state: count > 0 ? .warn : .good)
    }
  }

  /// The question of a load, as a query of a link.
  private static func query(_ answer: RouteLoadAnswer) -> String {
    "route=\(percentEncoded(answer.route))&date=\(answer.day)&direction=\(answer.direction)"
      + (answer.hours.map { "&hours=\($0.lowerBound)-\($0.upperBound)" } ?? "")
  }

  private static func loadTable(
    _ answer: RouteLoadAnswer, towards terminus: String?, _ people: People
  ) -> LoadTable {
    let few = "<\(answer.ridersMin)"
    func shown(_ count: Int?) -> String { count.map { people.number($0) } ?? few }
    func ofSome(_ name: String, _ count: Int) -> Figure {
      Figure(people.text(name), people.number(count), state: count > 0 ? .warn : .good)
    }
    return LoadTable(
      heading: "\(answer.routeName)\(terminus.map { " (\($0))" } ?? ""): \(people.day(answer.day))",
      query: Self.query(answer),
      figures: [
        Figure(people.text("load_placed"), people.number(answer.boardings)),
        Figure(
          people.text("load_off_unknown"), people.number(answer.boardingsWithoutAlighting),
          state: answer.boardingsWithoutAlighting > 0 ? .warn : .good),
        ofSome("load_unplaced", answer.unplacedBoardings),
        ofSome("load_off_line", answer.boardingsOffLine),
        ofSome("load_no_direction", answer.boardingsOfNoDirection),
        Figure(
          people.text("load_no_route"), people.number(answer.boardingsOfNoRoute),
          state: answer.hasBoardingsOfNoRoute ? .warn : .good),
        Figure(people.text("load_network"), answer.feed?.title ?? "–"),
        ofSome("load_other_networks", answer.daysByOtherFeeds),
        ofSome("load_waiting", answer.waitingDays),
      ] + Self.missing(answer.missing, people),
      rounding: answer.isRounded
        ? people.text("load_rounded") + " \(answer.ridersMin)." : nil,
      stops: answer.stops.enumerated().map { index, row in
        LoadRow(
          order: index + 1, name: row.name, boardings: shown(row.boardings),
          alightings: shown(row.alightings), load: shown(row.load),
          boardingsValue: row.boardings.map(String.init) ?? "",
          alightingsValue: row.alightings.map(String.init) ?? "",
          loadValue: row.load.map(String.init) ?? "")
      })
  }
}
