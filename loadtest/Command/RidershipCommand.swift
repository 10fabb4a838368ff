import ArgumentParser
import Basics
import Foundation
import LoadMeasures
import ServiceClient
import Transit

/// Measures how long planners wait for an answer.
struct RidershipCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ridership",
    abstract: "Fills days with placed boardings and measures what planners ask.",
    discussion: """
      A service of our own gets boardings with stops and alightings on the lines of a network, busier \
      hours and lines among them, and is asked over HTTP, one question after the other. Of twenty questions \
      ten are for the load of a route on a day and four for two hours of it; pairs of stops (od) and stops \
      are asked for once each of a route on a day, of a route in a week, and of all routes on a day.
      """)

  /// Days of the longest question.
  private static let weekDays = 7

  @Option(help: "Fare days that are filled.")
  var days = 60

  @Option(help: "Boardings of each day.")
  var boardings = 50_000

  @Option(help: "Questions that are asked.")
  var questions = 400

  @Option(
    help: ArgumentHelp(
      "The GTFS feed on whose lines people ride; the invented city's when left out.",
      valueName: "feed"))
  var feed: String?

  @Option(help: "Seed of the questions.")
  var seed: UInt64 = 1

  @Option(help: "The kvytok program to start; the one beside loadtest when left out.")
  var kvytok: String?

  @Flag(help: "Prints one JSON object instead of a table.")
  var json = false

  func validate() throws {
    guard days >= Self.weekDays, (1...10_000_000).contains(boardings), questions > 0 else {
      throw ValidationError(
        "--days is at least \(Self.weekDays), --boardings 1 to 10000000, --questions above zero")
    }
  }

  func run() async throws {
    let service = try await StartedService(program: kvytok, roles: "web")
    let client = ServiceClient(base: service.url, adminToken: service.adminToken)
    let result: Result<RidershipTimes, any Error>
    do { result = .success(try await measure(service, client)) } catch { result = .failure(error) }
    try? await client.close()
    await service.stop()
    let times = try result.get()
    print(json ? String(decoding: times.json, as: UTF8.self) : times.text)
  }

  private func measure(
    _ service: StartedService, _ client: ServiceClient
  ) async throws -> RidershipTimes {
    guard let database = service.database.map({ Psql(database: $0) }) else {
      throw ProgramFault("the service's database was not found")
    }
    let city = try CityNetwork(feed: feed, seed: seed)
    try await city.publish(to: client, adminToken: service.adminToken)
    let lines = AskedLine.all(of: city.network)
    guard !lines.isEmpty else { throw ProgramFault("the feed has no line to ride on") }
    let yesterday = Day(number: Int(Date().timeIntervalSince1970) / 86_400 - 1)
    let span = yesterday.adding(days: 1 - days)...yesterday
    let clock = ContinuousClock()
    let start = clock.now
    try await RidershipFill(
      database: database, lines: lines, timeZone: city.network.timeZoneName, days: span,
      boardings: boardings
    ).fill()
    let fillSeconds = (clock.now - start).seconds
    var times = RidershipTimes(try await ask(lines, span, client, service.adminToken))
    times.fillSeconds = fillSeconds
    times.boardings = Int(try await database.number("select count(*) from boarding"))
    times.days = days
    times.lines = lines.count
    return times
  }

  private func ask(
    _ lines: [AskedLine], _ span: ClosedRange<Day>, _ client: ServiceClient, _ adminToken: String
  ) async throws -> [(kind: RidershipKind, path: String, microseconds: Int64)] {
    var generator = SeededGenerator(seed: seed)
    var bar = ProgressBar("asking \(questions) questions", total: questions)
    var answers: [(kind: RidershipKind, path: String, microseconds: Int64)] = []
    let clock = ContinuousClock()
    for number in 0..<questions {
      let kind = RidershipKind.mix[number % RidershipKind.mix.count]
      let line = lines[generator.integer(in: 0...lines.count - 1)]
      let day = span.upperBound.adding(
        days: -generator.integer(in: 0...days - Self.weekDays))
      let path = Self.path(kind, line, day)
      let start = clock.now
      let answer = try await client.sendOnce(
        "GET", path,
        headers: [("authorization", "Bearer \(adminToken)"), ("accept", "application/json")]
      ).answer
      let seconds = (clock.now - start).seconds
      guard answer.status == 200 else {
        throw ServiceFault.refused(
          request: "GET \(path)", status: answer.status, body: answer.text)
      }
      if kind == .stopsOfCity, answer.text.contains(#""boardings":0,"boardings_without"#) {
        throw ProgramFault("GET \(path) finds no boardings, of \(boardings) on each day")
      }
      answers.append((kind, path, Int64(seconds * 1_000_000)))
      bar.show(number + 1)
    }
    bar.finish()
    return answers
  }

  /// A question for a day, or for the week that ends with it.
  private static func path(_ kind: RidershipKind, _ line: AskedLine, _ day: Day) -> String {
    let route = "route=" + ServiceClient.queryText(line.route)
    let week = "date=\(day.adding(days: 1 - weekDays))&to=\(day)"
    let load = "/v1/ridership/route-load?\(route)&date=\(day)&direction=\(line.direction)"
    return switch kind {
    case .load: load
    case .loadOfHours: load + "&hours=7-9"
    case .pairs: "/v1/ridership/od?\(route)&date=\(day)"
    case .pairsOfWeek: "/v1/ridership/od?\(route)&\(week)"
    case .pairsOfCity: "/v1/ridership/od?date=\(day)"
    case .stops: "/v1/ridership/stops?\(route)&date=\(day)"
    case .stopsOfWeek: "/v1/ridership/stops?\(route)&\(week)"
    case .stopsOfCity: "/v1/ridership/stops?date=\(day)"
    }
  }
}
