//! Each parameter of the table, by itself: the shortest and the longest value, one character more
//! and less, and a wrong one.

use std::collections::BTreeSet;

use super::super::name::Name;
use super::super::table::kinds;
use super::*;

/// A row: the name, and values. `x*8` stands for eight `x`, `''` for nothing, `_` for a space. A
/// value with `!` behind it is bad, and told by the code behind that, or else by 200.300.404.
const ROWS: &str = "
    entityId                         a*32 ''!
    amount                           0.01 1 92.00 0092.00 9*10 9999999999.99
    amount                           ''!100.550.300 0!100.550.300 0.00!100.550.300 00!100.550.300
    amount                           9*11!100.550.301 99999999999.99!100.550.301
    amount                           92.0!100.550.303 92.000!100.550.303 .50!100.550.303
    amount                           92.!100.550.303 92,00!100.550.303 -1.00!100.550.303
    amount                           +1!100.550.303 1e2!100.550.303 _1!100.550.303 ١!100.550.303
    currency                         EUR SEK JPY KWD
    currency                         ''!100.550.400 EU!100.550.401 EURO!100.550.401
    currency                         eur!100.550.401 ZZZ!100.550.401 XXX!100.550.401
    paymentBrand                     V VISA SWISH x*32
    paymentBrand                     ''!100.100.500 x*33!100.100.501 VI-SA!100.100.501
    paymentType                      PA DB CD PA.CP ''! pa!600.200.300 XX!600.200.300
    paymentType                      P!600.200.300 DBX!600.200.300 CP!600.200.300 RF!600.200.300
    paymentType                      RV!600.200.300 RB!600.200.300 CB!700.400.402 CR!700.400.402
    paymentType                      RC!600.200.400 RG!600.200.400 3D!600.200.400 IN!600.200.400
    overridePaymentType[VISA]        PA DB CD ''! pa! XX! RF!
    overridePaymentType[]            PA!
    taxAmount                        0 0.00 1.00 9*10 ''! 9*11! 1.0! 1.000! x!
    discountAmount                   0 0.00 1.00 9*10 ''! 9*11! 1.0! 1.000! x!
    descriptor                       x å*127 ''! x*128!
    merchantTransactionId            x*8 å*8 x*255 å*255 ''! x*7! x*256!100.300.200
    merchantInvoiceId                x*8 x*255 ''! x*7! x*256!
    merchantMemo                     x*8 x*255 ''! x*7! x*256!
    transactionCategory              EC MO TO RC IN PO PM ''! ec! XX!
    testMode                         INTERNAL EXTERNAL
    testMode                         ''!100.300.101 internal!100.300.101 LIVE!100.300.101
    shopperResultUrl                 x*6 https://shop.example/r x*2048 ''! x*5! x*2049!
    notificationUrl                  x*6 https://shop.example/n x*2048 ''! x*5! x*2049!
    customParameters[abc]            '' x x*2048 x*2049!
    customParameters[a.b_C9]         x
    customParameters[ab]             x!
    customParameters[a-c]            x!
    createRegistration               true false ''! TRUE! 1!
    recurringType                    INITIAL REPEATED ''!100.900.500 initial!100.900.500
    card.number                      6*11!100.100.101 500000000009 5000000000000000009!100.100.101
    card.number                      4200000000000000 6799998900000060018 343434343434343
    card.number                      ''!100.100.100 4444444444444444!100.100.101
    card.number                      4200_0000_0000_0000!100.100.101 4*20!100.100.101
    card.number                      420000000000000x!100.100.101 ٤*16!100.100.101
    card.holder                      Jon x*3 å*128 800.100.153
    card.holder                      ''!100.100.400 Jo!100.100.401 x*129!100.100.401
    card.holder                      4200000000000000!100.100.402 4200_0000_0000_0000!100.100.402
    card.expiryMonth                 01 05 12 ''!100.100.200 00!100.100.201 13!100.100.201
    card.expiryMonth                 5!100.100.201 005!100.100.201 +5!100.100.201 xx!100.100.201
    card.expiryYear                  2000 2034 2099 ''!100.100.300 1999!100.100.301
    card.expiryYear                  2100!100.100.301 34!100.100.301 20340!100.100.301
    card.expiryYear                  20x4!100.100.301
    card.cvv                         123 1234 ''!100.100.600 12!100.100.601 12345!100.100.601
    card.cvv                         12x!100.100.601 ١٢٣!100.100.601
    customer.merchantCustomerId      x x*255 ''! x*256!
    customer.givenName               x å*50 ''!100.700.200 x*51!100.700.201
    customer.surname                 x å*50 ''!100.700.100 x*51!100.700.101
    customer.middleName              x x*50 ''! x*51!
    customer.sex                     M F ''! m! X!
    customer.birthDate               1985-05-17 2024-02-29 2026-11-30 ''!100.900.450
    customer.birthDate               2026-12-01!100.900.450 2025-02-29!100.900.450
    customer.birthDate               85-05-17!100.900.450 17.05.1985!100.900.450
    customer.phone                   1*7 +1*6 +46.90-123 1*25 ''!100.900.200 1*6!100.900.200
    customer.phone                   1*26!100.900.200 x123456!100.900.200 123_4567!100.900.200
    customer.mobile                  1*10 46701234567 +46701234567 1*25 ''!100.900.300
    customer.mobile                  1*9!100.900.300 1*26!100.900.300 x*10!100.900.300
    customer.email                   a@b.se a@bcde ''!100.900.100 a@b.s!100.900.101
    customer.email                   nobody!100.900.101 @shop.se!100.900.101 jane@!100.900.101
    customer.email                   jane_doe@shop.se!100.900.101 jane@.se!100.900.101
    customer.email                   x*129!100.900.105
    customer.companyName             x å*40 ''! x*41!100.700.500
    customer.identificationDocType   IDCARD PASSPORT x*64 ''!100.700.800 x*65!100.700.800
    customer.identificationDocType   ID-CARD!100.700.800
    customer.identificationDocId     x*8 x*64 ''!100.700.801 x*7!100.700.801 x*65!100.700.802
    customer.ip                      192.0.2.1 2001:db8::1 ''!100.900.400 192.0.2!100.900.401
    customer.ip                      192.0.2.256!100.900.401 host.example!100.900.401
    customer.browser.acceptHeader    x x*2048 ''! x*2049!
    customer.browser.screenColorDepth 8 24 ''! 100! x!
    customer.browser.javaEnabled     true false ''! no!
    customer.browser.javascriptEnabled true false ''! no!
    customer.browser.language        sv sv-SE x*35 ''! x*36!
    customer.browser.screenHeight    1 768 1*6 ''! 1*7! x!
    customer.browser.screenWidth     1 1024 1*6 ''! 1*7! x!
    customer.browser.timezone        0 -120 -1200 ''! -12000! CET!
    customer.browser.challengeWindow 4 05 ''! 123! x!
    customer.browser.userAgent       x x*2048 ''! x*2049!
    merchant.name                    x x*100 ''! x*101!
    merchant.city                    x x*100 ''! x*101!
    merchant.country                 SE ''! se! SWE! XX!
    merchant.mcc                     5411 0742 ''! 541! 54111! 54x1!
    cart.items[0].name               x x*255 ''! x*256!
    cart.items[999].name             x
    cart.items[1000].name            x!
    cart.items[].name                x!
    cart.items[x].name               x!
    cart.items[0].merchantItemId     x x*255 ''! x*256!
    cart.items[0].quantity           1 0 9*10 1.50 ''! 9*11! x!
    cart.items[0].type               x x*255 ''! x*256!
    cart.items[0].sku                x x*255 ''! x*256!
    cart.items[0].currency           SEK ''! sek! ZZZ!
    cart.items[0].description        x x*2048 ''! x*2049!
    cart.items[0].price              0 92.00 9*10 ''! 92.0! 9*11!
    cart.items[0].totalAmount        0 92.00 9*10 ''! 92.0! 9*11!
    cart.items[0].taxAmount          0 92.00 9*10 ''! 92.0! 9*11!
    cart.items[0].totalTaxAmount     0 92.00 9*10 ''! 92.0! 9*11!
    bankAccount.holder               x*4 x*128 ''!100.100.400 x*3!100.100.401 x*129!100.100.401
    bankAccount.bankName             x x*255 ''! x*256!
    bankAccount.number               x*3 x*64 ''!100.200.104 x*2!100.200.104 x*65!100.200.104
    bankAccount.iban                 SE3550000000054910000003 se35x*11 SE35x*27 ''!100.200.104
    bankAccount.iban                 SE35x*10!100.200.104 SE35x*28!100.200.104
    bankAccount.iban                 S135x*11!100.200.104 SEX5x*11!100.200.104
    bankAccount.bankCode             1 1*12 ''!100.200.103 1*13!100.200.103 1-2!100.200.103
    bankAccount.bic                  ESSESESS ESSESESSXXX ''!100.200.103 x*7!100.200.103
    bankAccount.bic                  x*9!100.200.103 x*12!100.200.103 ESSE-ESS!100.200.103
    bankAccount.country              SE ''!100.200.100 se!100.200.100 XX!100.200.100
    bankAccount.mandate.id           x x*256 ''!100.500.303 x*257!100.500.303
    bankAccount.mandate.dateOfSignature 2026-01-31 ''!100.500.302 2026-02-30!100.500.302
    virtualAccount.accountId         4 46701234567 x*255 ''!100.210.101 x*256!100.210.101
    virtualAccount.password          x x*255 ''! x*256!
    registrations[0].id              a*32 0*32 ''!100.150.101 a*31!100.150.101 a*33!100.150.101
    registrations[0].id              A*32!100.150.101 g*32!100.150.101
    registrations[x].id              a*32!
    standingInstruction.mode         INITIAL REPEATED ''!100.900.500 XX!100.900.500
    standingInstruction.type         UNSCHEDULED RECURRING INSTALLMENT ''! XX!
    standingInstruction.source       CIT MIT ''! cit!
    standingInstruction.initialTransactionId x x*255 ''! x*256!
    threeDSecure.eci                 00 01 02 05 06 07 ''!100.370.121 5!100.370.121 08!100.370.121
    threeDSecure.verificationId      AAACAgSRBklmQCFgMpEGAAAAAAA= ''!100.370.125
    threeDSecure.verificationId      AAACAgSRBklmQCFgMpEGAAAAAA=!100.370.125
    threeDSecure.verificationId      AAACAgSRBklmQCFgMpEGAAAAAAAA=!100.370.125
    threeDSecure.verificationId      AAACAgSR*klmQCFgMpEGAAAAAAA=!100.370.125
    threeDSecure.xid                 x x*255 ''! x*256!
    threeDSecure.version             2.1.0 x*10 ''! x*11!
    threeDSecure.dsTransactionId     x x*255 ''! x*256!
    threeDSecure.acsTransactionId    x x*255 ''! x*256!
    threeDSecure.authenticationStatus Y C ''! YY! -!
    threeDSecure.flow                challenge frictionless ''! x!
    threeDSecure.challengeIndicator  1 04 ''! 123! x!
";

/// The same of the two addresses.
const ADDRESS_ROWS: &str = "
    street1        x*1 å*100 ''!100.800.100 x*101!100.800.101 12_34!100.800.102
    street2        x 12 å*100 ''! x*101!100.800.101
    houseNumber1   1 x*100 ''! x*101!
    city           x å*80 ''!100.800.300 x*81!100.800.301
    state          AB x*50 a.b ''!100.800.400 A!100.800.400 x*51!100.800.401 A-B!100.800.400
    postcode       1 972_41 x*30 ''!100.800.200 x*31!100.800.201
    country        SE DE ''!100.800.500 se!100.800.501 XX!100.800.501 SWE!100.800.501
";

const SHIPPING_ROWS: &str = "
    shipping.givenName   x å*50 ''!100.700.200 x*51!100.700.201
    shipping.surname     x å*50 ''!100.700.100 x*51!100.700.101
";

#[test]
fn values_end_where_their_formats_do() {
    for row in rows() {
        let mut cells = row.split_whitespace();
        let name = cells.next().unwrap();
        for cell in cells {
            check(name, cell);
        }
    }
}

#[test]
fn every_parameter_of_the_table_has_a_row() {
    let tested: BTreeSet<String> = rows()
        .iter()
        .map(|row| Name::of(row.split_whitespace().next().unwrap()).unwrap().kind)
        .collect();
    assert_eq!(tested, kinds().collect());
}

#[test]
fn what_the_contract_does_not_name_is_ignored() {
    for name in [
        "",
        "x",
        "card",
        "card.",
        "card.x",
        "amount.x",
        "customer.browser.x",
        "cart.items[0].x",
        "cart.items[0",
        "cart.items.name",
        "Amount",
        "customParameters",
        "…",
        "card.number.x",
        "authentication.password",
    ] {
        let read = read(Operation::CheckoutUpdate, &[(name, "x")]).unwrap();
        assert!(read.echo.is_empty(), "{name}");
    }
}

fn rows() -> Vec<String> {
    let lines = |text: &'static str| text.lines().map(str::trim).filter(|line| !line.is_empty());
    let addresses = ["billing", "shipping"]
        .into_iter()
        .flat_map(|folder| lines(ADDRESS_ROWS).map(move |row| format!("{folder}.{row}")));
    let others = lines(ROWS).chain(lines(SHIPPING_ROWS)).map(str::to_owned);
    others.chain(addresses).collect()
}

#[track_caller]
fn check(name: &str, cell: &str) {
    let (value, code) = match cell.split_once('!') {
        Some((value, "")) => (value, Some("200.300.404")),
        Some((value, code)) => (value, Some(code)),
        None => (cell, None),
    };
    let value = expand(value);
    let outcome = read(Operation::CheckoutUpdate, &[(name, &value)]);
    let read = outcome.as_ref().err().map(|bad| bad.code().as_str());
    assert_eq!(read, code, "{name} = {cell}: {outcome:?}");
    if let Err(bad) = outcome {
        let [only] = bad.all() else { panic!("{name} = {cell}: {bad:?}") };
        assert_eq!(only.name, name, "{cell}");
        assert!(!only.message.is_empty(), "{cell}");
    }
}

/// The value that a cell stands for.
fn expand(cell: &str) -> String {
    let cell = cell.replace('_', " ");
    if cell == "''" {
        return String::new();
    }
    let repeated = cell.split_once('*').and_then(|(text, count)| {
        let (start, last) = text.split_at(text.char_indices().next_back()?.0);
        Some(format!("{start}{}", last.repeat(count.parse().ok()?)))
    });
    repeated.unwrap_or(cell)
}
