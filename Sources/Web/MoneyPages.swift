import Basics
import Clearing
import HTTPTypes
import Insight
import Ledger
import Store
import Transit

/// The report of a day, and the rides of a rider.
extension Handlers {
  private struct ReportModel {
    let names: [Choice]
    let name: String
    let about: String
    let date: String
    let to: String
    let day: String
    /// Both days as the query of a link.
    let query: String
    /// That the last day which was asked for is left out.
    let notice: String?
    let periods: Listing<PeriodLinks>?
    let missing: Listing<NoteRow>?
    let tables: [Table]
    let notes: Listing<NoteRow>?
  }

  private struct NoteRow {
    let value: String
    let label: String
  }

  /// A month of the books with its state, and the reports that are kept of it.
  private struct PeriodLinks {
    let name: String
    let state: String
    let reports: [Choice]
  }

  private struct Table {
    let key: String
    let title: String
    let heads: [Cell]
    let body: Listing<Row>?
    let totals: [Row]
  }

  private struct Row {
    let cells: [Cell]
  }

  private struct Cell {
    let text: String
    let side: String
  }

  func reportPage(_ request: WebRequest) async throws -> Answer {
    let people = self.people(request)
    let today = services.city.current.fareDay(of: request.receivedAt)
    let day = try request.queryDay("date") ?? today
    let title = request.queryText("name") ?? ReportName.daily.rawValue
    guard let name = ReportName(rawValue: title) else {
      throw Problem(.notFound, "report_unknown", "There is no report \(title).")
    }
    // The form keeps the last day of before, when another report or a later day is chosen in it.
    let asked = try request.queryDay("to")
    let end = name.daysMax == 1 ? day : asked.map { max(day, $0) }
    let days = try Handlers.reportDays(from: day, to: end, of: name)
    let last = days.upperBound
    let report = try await services.insight.report(
      name, days: days, operatorID: try await knownOperator(request),
      madeAt: request.receivedAt)
    let notes = report.notes.map { note in
      (
        note,
        NoteRow(
          value: note.words(in: request.language) ?? people.number(note.count),
          label: note.text[request.language])
      )
    }
    let model = ReportModel(
      names: ReportName.allCases.map {
        Choice(
          value: $0.rawValue, label: $0.title[request.language], isSelected: $0 == name)
      }, name: name.rawValue, about: Handlers.sentence(name.about[request.language]),
      date: day.description,
      // Of one day it stays empty: else the next day that is chosen would lie after it.
      to: day == last ? "" : last.description,
      day: day == last ? people.day(day) : "\(people.day(day)) – \(people.day(last))",
      query: "date=\(day)" + (day == last ? "" : "&to=\(last)"),
      notice: asked.map { $0 != last } ?? false ? people.text("report_one_day") : nil,
      periods: try await periodLinks(people),
      missing: Listing(notes.filter { $0.0.isMissing && $0.0.count > 0 }, \.1),
      tables: report.tables.map { Handlers.table($0, people) },
      notes: Listing(notes.filter { !$0.0.isMissing && $0.0.count > 0 }, \.1))
    let frame = PageFrame(request, titleName: "report_title", people: people)
    return pages.page("report", frame: frame, language: request.language, model)
  }

  /// A phrase as a sentence.
  private static func sentence(_ phrase: String) -> String {
    phrase.prefix(1).uppercased() + phrase.dropFirst() + "."
  }

  private func periodLinks(_ people: People) async throws -> Listing<PeriodLinks>? {
    Listing(try await services.insight.periods().reversed()) { row in
      PeriodLinks(
        name: row.name, state: people.text("period_\(row.state.rawValue)"),
        reports: ReportName.allCases.filter(\.isKept).map {
          Choice(value: $0.rawValue, label: $0.title[people.language], isSelected: false)
        })
    }
  }

  private static func table(_ table: ReportTable, _ people: People) -> Table {
    func row(_ cells: [ReportCell]) -> Row {
      Row(
        cells: zip(cells, table.columns).map { cell, column in
          let text =
            switch cell {
            case .count(let count): people.number(count)
            case .money(let money): people.amount(money.minor, money.currency)
            case .date(let day): people.day(day)
            case .moment(let moment): people.moment(moment)
            default: cell.text(in: people.language)
            }
          return Cell(text: text, side: column.kind.isNumber ? "n" : "")
        })
    }
    return Table(
      key: table.key, title: table.title[people.language],
      heads: table.columns.map { column in
        Cell(
          text: column.header[people.language], side: column.kind.isNumber ? "n" : "")
      }, body: Listing(table.rows, row), totals: table.totals.map(row))
  }

  private struct RiderModel {
    let mayChoose: Bool
    var id: String
    let date: String
    let media: [Choice]
    var notice: String?
    var heading = ""
    var rides: Listing<RideRow>?
    var totals: [RideTotal] = []
    var waiting: [String] = []
    var alone: Listing<AloneRow>?
    /// How the rides are paid.
    var payments: String?
    var charges: Listing<ChargeRow>?
  }

  /// What the day came to on a bank card.
  private struct ChargeRow {
    let amount: String
    let what: String
  }

  /// A tap off that ended no ride.
  private struct AloneRow {
    let isoTime: String
    let time: String
    let route: String
    let stop: String
    let why: String
  }

  private struct RideRow {
    let isoTime: String
    let time: String
    let route: String
    let from: String
    let to: String
    let product: String
    let price: String
    let why: String
  }

  private struct RideTotal {
    let name: String
    let price: String
  }

  func riderPage(_ request: WebRequest) async throws -> Answer {
    let people = self.people(request)
    let own = request.caller?.role == .rider ? request.caller?.rider : nil
    let id = own?.description ?? request.queryText("id")?.trimmed ?? ""
    let token = own == nil ? request.queryText("token")?.trimmed ?? "" : ""
    let today = services.city.current.fareDay(of: request.receivedAt)
    let day = try request.queryDay("date") ?? today
    var model = RiderModel(
      mayChoose: own == nil, id: id, date: day.description,
      media: MediumKind.allCases.map { kind in
        Choice(
          value: kind.rawValue, label: people.text("medium_\(kind.rawValue)"),
          isSelected: kind.rawValue == request.queryText("medium"))
      })
    if id.isEmpty, token.isEmpty {
      model.notice = people.text("rider_choose")
    } else {
      // The form keeps who was found: a token that is given beside it was typed since.
      let rider = try await typedRider(request, id: token.isEmpty ? id : "-")
      if let rider,
        let rides = try await services.insight.rides(of: rider, days: day...day)
      {
        model.id = rides.rider.description
        Handlers.fill(&model, rides, people)
        let alone = try await services.unpairedTaps.taps(of: rides.rider, days: day...day)
        let network = services.city.current.network
        model.alone = Listing(alone) { tap in
          Handlers.row(tap, network, people)
        }
        let told = try await services.riderCharges.told(of: rides.rider, days: day...day)
        if !told.payments.isEmpty {
          model.payments = Handlers.sentence(
            told.payments.map { $0.sentence(in: people.language) }.joined(separator: "; "))
        }
        model.charges = Listing(told.charges) { charge in
          ChargeRow(
            amount: people.money(charge.amount.minor, charge.amount.currency),
            what: charge.sentences(in: people.language).joined(separator: "; "))
        }
      } else {
        model.notice = people.text("rider_not_found")
      }
    }
    let frame = PageFrame(request, titleName: "rider_title", people: people)
    return pages.page("rider", frame: frame, language: request.language, model)
  }

  /// The rider that a person typed; nil also where what they typed names nothing that there can be.
  private func typedRider(_ request: WebRequest, id: String) async throws -> RiderID? {
    do {
      return try await namedRider(request, id: id)
    } catch let problem as Problem where problem.code == Problem.badParameterCode {
      return nil
    }
  }

  private static func fill(_ model: inout RiderModel, _ rides: RiderRides, _ people: People) {
    model.heading = "\(rides.rider), \(people.day(rides.days.lowerBound))"
    if rides.rides.isEmpty { model.notice = people.text("rider_no_rides") }
    model.waiting = rides.waiting.map { $0.sentence(in: people.language) }
    model.rides = Listing(rides.rides) { ride in
      let mode = ride.mode.map { " · " + $0.title[people.language] } ?? ""
      return RideRow(
        isoTime: ride.startedAt.description, time: people.clock(ride.startedAt),
        route: ride.routeName.map { $0 + mode } ?? "–",
        from: place(ride.boarding, people), to: place(ride.alighting, people),
        product: ride.product,
        price: ride.charged.map { people.money($0.minor, $0.currency) }
          ?? people.text("price_unknown"),
        why: ([ride.reason(in: people.language)] + ride.corrections(in: people.language))
          .joined(separator: "; "))
    }
    model.totals = rides.charged.map { money in
      RideTotal(name: people.text("total"), price: people.money(money.minor, money.currency))
    }
  }

  private static func row(
    _ alone: TapWithoutRide, _ network: Network, _ people: People
  ) -> AloneRow {
    let tap = alone.tap
    let route = tap.route.map { network.routeName(of: $0) }
    return AloneRow(
      isoTime: tap.at.description, time: people.clock(tap.at),
      route: route ?? tap.vehicle ?? "–", stop: tap.stop.map { network.stopName(id: $0) } ?? "–",
      why: alone.sentence(in: people.language))
  }

  /// A stop with how sure it is, where it was inferred.
  private static func place(_ place: RiderRide.Place?, _ people: People) -> String {
    guard let place, let name = place.name ?? place.stop else { return "–" }
    guard let confidence = place.confidence, confidence < 1 else { return name }
    return "\(name) (\(Int((confidence * 100).rounded()))\u{00A0}%)"
  }
}
