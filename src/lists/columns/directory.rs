//! Tables of places, people, and what the firm decided once.

use mobile_api::{
    asset::{Asset, AssetReading, Service},
    calendar::Calendar,
    directory::{Building, Customer, OrderType, PriceItem, Site, Team, Unit, User},
};

use super::{
    super::cell::{currency, several, word},
    Cell, Column, Table, table,
};

table!(Site:
    "name" => |site| &site.name;
    "address" => |site| &site.address;
    "time-zone" => |site| site.time_zone.as_ref();
);

table!(Building:
    "name" => |building| &building.name;
    "site" => |building| building.site;
);

table!(Unit:
    "name" => |unit| &unit.name;
    "site" => |unit| unit.site;
    "building" => |unit| unit.building;
    "access-note" => |unit| unit.access_note.as_ref();
);

table!(Customer:
    "name" => |customer| &customer.name;
    "site" => |customer| customer.site;
    "unit" => |customer| customer.unit;
    "contacts" => |customer| {
        several(customer.contacts.iter().map(|contact| Cell::Text(format!("{} {}", contact.name, contact.reach))))
    };
    "member" => |customer| customer.member;
    "customer-class" => |customer| customer.class.as_ref();
    "note" => |customer| customer.note.as_ref();
);

table!(User:
    "name" => |user| &user.name;
    "login" => |user| &user.login;
    "role" => |user| Cell::Word("role", user.role.as_str().to_owned());
    "active" => |user| user.active;
    "sites" => |user| several(user.sites.iter().copied());
    "teams" => |user| several(user.teams.iter().copied());
    "skills" => |user| several(&user.skills);
    "certificates" => |user| several(user.certificates.iter().map(|certificate| &certificate.code));
    "calendar" => |user| user.calendar;
);

table!(Team:
    "name" => |team| &team.name;
    "site" => |team| team.site;
);

table!(OrderType:
    "code" => |order_type| &order_type.code;
    "name" => |order_type| &order_type.name;
    "active" => |order_type| order_type.active;
    "free-of-charge" => |order_type| order_type.free_of_charge;
    "certificate" => |order_type| order_type.certificate.as_ref();
    "warranty-days" => |order_type| order_type.warranty_days;
);

table!(PriceItem:
    "code" => |item| &item.code;
    "name" => |item| &item.name;
    "sort" => |item| word("list-price-kind", &item.kind);
    "unit-of" => |item| &item.unit;
    "price" => |item| item.price;
    "currency" => |item| currency(&item.price);
    "valid-from" => |item| item.terms.valid_from;
    "valid-to" => |item| item.terms.valid_to;
    "tax-class" => |item| item.terms.tax_class.as_ref();
    "sites" => |item| several(item.terms.sites.iter().copied());
    "active" => |item| item.active;
);

table!(Calendar:
    "name" => |calendar| &calendar.name;
    "time-zone" => |calendar| &calendar.hours.time_zone;
    "exceptions" => |calendar| calendar.hours.exceptions.len();
);

table!(Asset:
    "name" => |asset| &asset.name;
    "asset-type" => |asset| &asset.asset_type;
    "code" => |asset| asset.code.as_ref();
    "serial" => |asset| asset.serial.as_ref();
    "state" => |asset| Cell::Word("list-service", asset.service.as_str().to_owned());
    "state-reason" => |asset| match &asset.service {
        Service::InService => None,
        Service::OutOfService { reason, .. } | Service::Retired { reason, .. } => Some(reason),
    };
    "site" => |asset| asset.site;
    "building" => |asset| asset.building;
    "unit" => |asset| asset.unit;
    "place" => |asset| &asset.place;
    "part-of" => |asset| asset.parent;
    "maker" => |asset| asset.maker.as_ref();
    "model" => |asset| asset.model.as_ref();
    "installed-on" => |asset| asset.installed_on;
    "warranty-until" => |asset| asset.warranty_until;
    "certificate" => |asset| asset.certificate.as_ref().map(|certificate| certificate.number.as_ref());
    "certificate-until" => |asset| asset.certificate.as_ref().map(|certificate| certificate.expires_on);
    "source" => |asset| asset.source.as_ref().map(|source| &source.system);
    "source-id" => |asset| asset.source.as_ref().map(|source| &source.id);
);

table!(AssetReading:
    "at" => |reading| &reading.at;
    "asset" => |reading| reading.asset;
    "site" => |reading| reading.site;
    "meter" => |reading| &reading.meter;
    "value" => |reading| Cell::Milli(reading.milli);
    "unit-of" => |reading| &reading.unit;
    "lowest" => |reading| reading.low_milli.map(Cell::Milli);
    "highest" => |reading| reading.high_milli.map(Cell::Milli);
    "beyond" => |reading| reading.beyond;
    "order" => |reading| reading.order;
    "by" => |reading| reading.by;
    "note" => |reading| reading.note.as_ref();
);
