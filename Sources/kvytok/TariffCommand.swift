import ArgumentParser
import Basics
import Foundation
import Tariff
import Transit

/// Tariffs: check them, rate with them, publish them.
struct TariffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tariff", abstract: "Checks, tries and publishes tariffs.",
    subcommands: [
      Check.self, Price.self, Explain.self, WhatIfCommand.self, Publish.self, Import.self,
    ])

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Validates tariffs and runs the worked cases beside each.")

    @Argument(help: "Folders of tariffs.")
    var paths: [String]

    @Option(
      help: ArgumentHelp(
        "A GTFS feed: zones, stops, routes and operators are looked up in it, and cases are rated "
          + "with its lines.", valueName: "zip"))
    var network: String?

    func run() async throws {
      var areGood = true
      let network = try self.network.map { FareNetwork(try TapTableOptions.network(of: $0)) }
      for path in paths {
        let check = try TariffFolder.read(path).check(network: network)
        for fault in check.faults + check.cases.flatMap(\.differences) {
          print("\(path)/\(fault)")
        }
        let versions = check.book?.versions.map(\.version).joined(separator: ", ") ?? "no version"
        let good = check.cases.count { $0.differences.isEmpty }
        Progress.say(
          "\(path): \(check.isGood ? "sound" : "not sound"): \(versions): "
            + "\(good) of \(check.cases.count) cases hold")
        areGood = areGood && check.isGood
      }
      if !areGood { throw ExitCode(CommandFault.no) }
    }
  }

  struct Price: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "price",
      abstract: "Rates the taps of a CSV without a database; CSV on standard output.",
      discussion: """
        In: case,category,media,tap_time,kind,mode,route,operator,vehicle,stop,zone,lat,lon,distance_km
        Out: case,category,ride,charged,total,nominal,reason
        """)

    @Option(help: ArgumentHelp("The tariff's folder.", valueName: "folder"))
    var tariff: String

    @Option(help: ArgumentHelp("The taps, a CSV.", valueName: "file"))
    var taps: String

    @Option(
      help: ArgumentHelp(
        "A GTFS feed: gives stops their zones and rides their lines.", valueName: "zip"))
    var network: String?

    @OptionGroup var beside: TapTableOptions

    func run() async throws {
      var book = try TariffFolder.book(tariff)
      if let network {
        book = book.bound(to: FareNetwork(try TapTableOptions.network(of: network)))
      }
      do {
        let table = try PriceTable.price(
          taps: try TapTableOptions.bytes(of: taps), book: book,
          beside: try beside.supplements(besides: taps), language: beside.language, file: taps)
        FileHandle.standardOutput.write(Data(table))
      } catch let fault as TariffFault {
        throw CommandFault("\(fault)", exitCode: CommandFault.no)
      }
    }
  }
}

/// What belongs to a table of taps, and the language of what is said about it.
struct TapTableOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Products bought, a CSV: case,category,product,bought_at. "
        + "(default: products.csv beside the taps, where there is one)", valueName: "file"))
  var products: String?

  @Option(
    help: ArgumentHelp(
      "Stored value in minor units, a CSV: case,category,initial_balance; in the currency of the "
        + "rider's first fare day, and over where a version has another. "
        + "(default: balances.csv beside the taps, where there is one)", valueName: "file"))
  var balances: String?

  @Option(
    name: [.long, .customLong("lang")], help: "Language of the reasons: en or uk.",
    transform: Language.argument)
  var language: Language = .english

  /// The files that were named, else those that lie beside the taps.
  func supplements(besides taps: String) throws(CommandFault) -> PriceTable.Supplements {
    let folder = URL(fileURLWithPath: taps).deletingLastPathComponent()
    func bytes(_ named: String?, orBeside name: String) throws(CommandFault) -> [UInt8]? {
      if let named { return try Self.bytes(of: named) }
      let path = folder.appendingPathComponent(name).path
      return FileManager.default.fileExists(atPath: path) ? try Self.bytes(of: path) : nil
    }
    return PriceTable.Supplements(
      products: try bytes(products, orBeside: "products.csv"),
      balances: try bytes(balances, orBeside: "balances.csv"))
  }

  /// The network of a GTFS feed.
  static func network(of feed: String) throws -> Network {
    do {
      return try FeedReader.read(zip: try bytes(of: feed)).network
    } catch let fault as FeedFault {
      throw CommandFault("\(feed): \(fault)", exitCode: CommandFault.no)
    }
  }

  /// The bytes of a file.
  static func bytes(of path: String) throws(CommandFault) -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandFault("\(path) cannot be read. Is the path right?")
    }
    return Array(data)
  }
}

extension Language {
  /// Reads a language of the command line.
  static func argument(_ text: String) throws -> Language {
    guard let language = Language(rawValue: text) else {
      throw ValidationError("\(text) is not a language here; use en or uk.")
    }
    return language
  }
}
