import ArgumentParser
import Basics
import Clearing
import Foundation
import Store
import Transit
import Web

/// The network of the city.
struct NetworkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "network", abstract: "Imports a GTFS feed, or shows what is loaded.",
    subcommands: [Import.self, Show.self])

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import", abstract: "Makes a GTFS feed the network of the city.",
      discussion: """
        Faults are listed by file and line; a bad row does not lose the feed. The network holds from \
        today's fare day on, or from an earlier one (--from), and days before keep the network of then; it \
        is in force at once for whatever is rated from then on. Where days were rated before, whoever \
        imports is known \
        by a token (--as): what changes of these days is worked out first, by this command and by the \
        service beside it, and goes on in the service when the command is stopped (`kvytok rate list`). \
        Within the limit (`kvytok rate limit`, else 1,000.00) they are then rated anew; \
        above it they wait for another person (`kvytok rate approve`).
        """)

    @Argument(help: "The feed, a zip archive.")
    var feed: String

    @Option(
      help: ArgumentHelp(
        "The fare day from which on it holds; without it today's, and for all days where none was rated "
          + "or there was no network.", valueName: "day"), transform: Day.argument)
    var from: Day?

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      guard let data = FileManager.default.contents(atPath: feed) else {
        throw CommandFault("\(feed) cannot be read. Is the path right?")
      }
      let name = URL(fileURLWithPath: feed).lastPathComponent
      let progress = Progress("Importing \(name)")
      let started = ContinuousClock.now
      let (publication, found) = try await Backbone.with(database) {
        backbone -> (NetworkPublication, ReratingOrder?) in
        let publication = try await NetworkDesk(store: backbone.store).publish(
          name: name, archive: Array(data), from: from, at: .now,
          by: { try await person(backbone.store) })
        guard case .published(_, let record, _, let order?) = publication else {
          return (publication, nil)
        }
        progress.end("feed \(record.id) in \(Self.text(started)) s")
        return (publication, try await OrderWork(backbone.store).finish(order.id))
      }
      switch publication {
      case .refused(let fault):
        progress.end("refused")
        throw CommandFault("\(feed): \(fault)", exitCode: CommandFault.no)
      case .notNow(_, let why):
        progress.end("not imported")
        throw CommandFault(why, exitCode: CommandFault.no)
      case .published(let reading, let record, let doubts, let order):
        for fault in reading.faults { Progress.say("\(feed): \(fault)") }
        for count in reading.faultCounts {
          Progress.say("\(count.count) × \(count.file): \(count.code)")
        }
        if order == nil { progress.end("feed \(record.id) in \(Self.text(started)) s") }
        for doubt in doubts { Progress.say("\(doubt)") }
        print(NetworkCommand.table(reading.network))
        if let first = record.firstDay { print("It holds from \(first) on.") }
        if let found { try Self.tell(found) }
      }
    }

    private static func text(_ started: ContinuousClock.Instant) -> String {
      String(format: "%.2f", (ContinuousClock.now - started).seconds)
    }

    /// Whoever imports a network while days were rated before.
    private func person(_ store: Store) async throws -> Person {
      do {
        return try await who.person(store)
      } catch let fault as CommandFault {
        throw CommandFault(
          "Nothing was imported: days were rated before, and whoever has them rated anew is to be "
            + "known. \(fault.description)",
          exitCode: fault.exitCode)
      }
    }

    /// Says what the network changes of the days before, and what becomes of them.
    private static func tell(_ order: ReratingOrder) throws {
      print("")
      print(RateCommand.text(try RatingPreview(kept: order.preview)))
      switch order.state {
      case .refused:
        print(
          "Order \(order.id) is given up: it was refused, or another network was imported since.")
      case .requested:
        print(
          "The network is in force for whatever is rated from now on. The days rated before stay as "
            + "they are: order \(order.id) waits for another person: kvytok rate approve \(order.id)"
        )
      case .previewing, .approved, .marking, .done, .looking, .previewed:
        print("Order \(order.id): \(order.staleDays ?? 0) rider-days are being rated anew")
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Shows the network that is loaded.")

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let city = try await Backbone.with(database) { backbone in
        let holder = CityHolder()
        try await holder.reload(from: backbone.store)
        return holder.current
      }
      guard let feed = city.feed else {
        throw CommandFault(
          "No network is loaded. Import one: kvytok network import FEED.zip",
          exitCode: CommandFault.no)
      }
      print("\(feed.name), imported \(feed.importedAt), \(feed.bytesCount) bytes")
      if let first = feed.firstDay {
        print("It holds from \(first) on; days before keep another one.")
      }
      print(NetworkCommand.table(city.network))
      print("")
      var routes = TextTable([
        ("route", .left), ("name", .left), ("mode", .left), ("operator", .left),
        ("trips", .right),
      ])
      for (index, route) in city.network.routes.enumerated() {
        routes.add([
          route.id, route.shortName.isEmpty ? route.longName : route.shortName,
          route.mode.rawValue,
          route.operatorIndex.map { city.network.operators[$0].name } ?? "",
          String(city.network.trips(ofRoute: index).count),
        ])
      }
      print(routes.text)
    }
  }

  private static func table(_ network: Network) -> String {
    var table = TextTable([("", .left), ("count", .right)])
    table.add(["operators", String(network.operators.count)])
    table.add(["routes", String(network.routes.count)])
    table.add(["stops", String(network.stops.count)])
    table.add(["trips", String(network.trips.count)])
    table.add(["stop times", String(network.stopTimes.count)])
    table.add(["patterns", String(network.patterns.count)])
    table.add(["shapes", String(network.shapes.count)])
    let days = network.validDays.map { "\($0.lowerBound) to \($0.upperBound)" }
    table.add(["days", days ?? "none"])
    table.add(["time zone", network.timeZoneName])
    return table.text
  }
}

extension Duration {
  /// The whole duration in seconds, with a fraction.
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
