import ArgumentParser
import Basics
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
        Faults are listed by file and line; a bad row does not lose the feed. The days rated so far are \
        rated anew at once when that changes fares within the limit (the setting \
        rerating_limit_minor, else 1,000.00). Above it they wait for another person (`kvytok rate \
        approve`), and whoever imports is known by a token (--as); the network is in force all the \
        same for whatever is rated from then on.
        """)

    @Argument(help: "The feed, a zip archive.")
    var feed: String

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      guard let data = FileManager.default.contents(atPath: feed) else {
        throw CommandFault("\(feed) cannot be read. Is the path right?")
      }
      let name = URL(fileURLWithPath: feed).lastPathComponent
      let progress = Progress("Importing \(name)")
      let started = ContinuousClock.now
      let publication = try await Backbone.with(database) { backbone in
        try await NetworkDesk(store: backbone.store).publish(
          name: name, archive: Array(data), at: .now,
          by: { try await person(backbone.store) }, progress: { progress.show($0) })
      }
      switch publication {
      case .refused(let fault):
        progress.end("refused")
        throw CommandFault("\(feed): \(fault)", exitCode: CommandFault.no)
      case .published(let reading, let record, let doubts, let waiting):
        for fault in reading.faults { Progress.say("\(feed): \(fault)") }
        for count in reading.faultCounts {
          Progress.say("\(count.count) × \(count.file): \(count.code)")
        }
        let seconds = (ContinuousClock.now - started).seconds
        progress.end("feed \(record.id) in \(String(format: "%.2f", seconds)) s")
        for doubt in doubts { Progress.say("\(doubt)") }
        print(NetworkCommand.table(reading.network))
        if let waiting { Self.tell(waiting) }
      }
    }

    /// Whoever imports a network that changes more than one person may order.
    private func person(_ store: Store) async throws -> Person {
      do {
        return try await who.person(store)
      } catch let fault as CommandFault {
        throw CommandFault(
          "Nothing was imported: the network changes fares of days that were rated by more than one "
            + "person may order, and so has to name who orders it. \(fault.description)",
          exitCode: fault.exitCode)
      }
    }

    private static func tell(_ waiting: NetworkOrder) {
      print("")
      print(RateCommand.text(waiting.preview))
      print(
        "The network is in force for whatever is rated from now on. The days rated before stay as "
          + "they are: order \(waiting.order.id) waits for another person: kvytok rate approve "
          + "\(waiting.order.id)")
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
